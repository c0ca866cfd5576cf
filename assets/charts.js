// Draws the charts of a page (`perso.report.explorer`) in place of their still pictures. Only a page
// with a chart loads Vega.
{
  const here = document.currentScript.src;
  const NARROW = 560; // px, below which the views of a row are one below the other

  function fitted(text, width) {
    const spec = JSON.parse(text);
    const { left, between } = spec.usermeta;
    if (width < NARROW) spec.vconcat = spec.vconcat.flatMap((row) => row.hconcat ?? [row]);
    for (const row of spec.vconcat) {
      const views = row.hconcat ?? [row];
      const free = width - (views.length - 1) * between;
      for (const view of views) view.width = Math.floor(free / views.length) - left;
    }
    return spec;
  }

  async function draw(chart, before) {
    const part = (name) => chart.querySelector(`.chart-${name}`);
    const [controls, words, place] = ["controls", "words", "view"].map(part);
    const style = getComputedStyle(place);
    const width = place.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const spec = fitted(chart.querySelector("script").textContent, width);
    const chosen = [...controls.querySelectorAll("[name]")].map(({ name }) => [
      name,
      before.view.signal(name),
    ]);
    before?.finalize();
    controls.replaceChildren();
    const drawn = await vegaEmbed(place, spec, {
      actions: false,
      bind: controls,
      defaultStyle: false,
      renderer: "svg",
    });
    controls.append(...controls.querySelectorAll(".vega-bind:has(select)")); // after the rest
    for (const [name, value] of chosen) drawn.view.signal(name, value);
    await drawn.view.runAsync();

    // what the marked method's mark says is read aloud, too
    function say() {
      const text = place.querySelector("[class*=' words_'] [aria-label]")?.getAttribute("aria-label");
      if (text && text !== words.textContent) words.textContent = text;
    }
    new MutationObserver(say).observe(place, { attributes: true, childList: true, subtree: true });
    say();
    return { ...drawn, width };
  }

  function keepDrawn(chart) {
    const place = chart.querySelector(".chart-view");
    let drawn = draw(chart);
    let width = place.clientWidth;
    new ResizeObserver(() => {
      if (place.clientWidth === width) return;
      width = place.clientWidth;
      drawn = drawn.then((before) => draw(chart, before));
    }).observe(place);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const charts = document.querySelectorAll(".chart");
    if (!charts.length) return;
    const vega = document.createElement("script");
    vega.src = new URL("vega/vega.js", here);
    vega.addEventListener("load", () => charts.forEach(keepDrawn));
    document.head.append(vega);
  });
}

"""The figure of two runs' signs shades where they agree, and names where they do not."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from perso.report import scale_figures


@pytest.fixture
def table() -> pd.DataFrame:
    """Two runs: signs agree on D_I; on D_G that of TL-n-0 differs, that of SW-n-2 is not clear."""
    lines = {
        ("D_I", "large"): [(0.1, 0.05, 0.15), (-0.1, -0.15, -0.05)],
        ("D_I", "small"): [(0.2, -0.1, 0.5), (-0.2, -0.5, 0.1)],
        ("D_G", "large"): [(0.1, -0.05, 0.25), (-0.1, -0.15, -0.05)],
        ("D_G", "small"): [(-0.2, -0.5, 0.1), (0.2, -0.1, 0.5)],
    }
    names = ["SW-n-2", "TL-n-0"]
    ends = ["change", "low", "high"]
    return pd.concat({key: pd.DataFrame(each, names, ends) for key, each in lines.items()}, axis=1)


def test_a_clear_change_of_another_sign_is_named_and_one_that_is_not_clear_is_not(table):
    picture = scale_figures.agreement_figure(table, "large", "small")
    on_I, on_G = ([text.get_text() for text in ax.texts] for ax in picture.figure.axes)
    assert on_I == [] and on_G == ["TL-n-0"]
    assert "D_I: 2 of 2 clear changes" in picture.alt and "D_G: 0 of 1 clear" in picture.alt


def test_the_quarters_of_one_sign_are_shaded_to_the_ends(table):
    picture = scale_figures.agreement_figure(table, "large", "small")
    for ax in picture.figure.axes:
        above, below = (patch.get_xy() for patch in ax.patches)
        assert above.max(axis=0).tolist() == [ax.get_xlim()[1], ax.get_ylim()[1]]
        assert below.min(axis=0).tolist() == [ax.get_xlim()[0], ax.get_ylim()[0]]
        assert above.min() == below.max() == 0
    plt.close(picture.figure)

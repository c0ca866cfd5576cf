"""How many random draws a statistic over people makes."""

MANY_PEOPLE = 256
FEWEST_DRAWS = 1000  # an error of .007 of a share of .05


def draws_for(draws: int, n: int) -> int:
    """The number of draws of n people, where up to `MANY_PEOPLE` of them would have `draws`.

    More people have fewer draws, so that time does not grow with people, down to `FEWEST_DRAWS`.
    """
    return min(draws, max(FEWEST_DRAWS, draws * MANY_PEOPLE // max(n, 1)))

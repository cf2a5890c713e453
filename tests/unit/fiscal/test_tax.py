"""VAT arithmetic is exact, whatever the price and whatever the rate."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.money import BP_PER_UNIT
from kaipiao.fiscal.tax import margin_on_gross, margin_on_net, split_gross, tax_on_net

prices = st.integers(min_value=-(10**17), max_value=10**17)
positive = st.integers(min_value=1, max_value=10**17)
rates = st.sampled_from([0, 50, 100, 150, 300, 500, 600, 900, 1000, 1100, 1300, 1600, 1700])


@given(prices, rates)
def test_the_parts_add_up_to_the_price(gross_fen: int, rate_bp: int) -> None:
    net_fen, tax_fen = split_gross(gross_fen, rate_bp)

    assert net_fen + tax_fen == gross_fen


@given(prices, rates)
def test_the_tax_is_the_rate_to_within_a_fen(gross_fen: int, rate_bp: int) -> None:
    net_fen, tax_fen = split_gross(gross_fen, rate_bp)

    assert abs(tax_fen * BP_PER_UNIT - net_fen * rate_bp) < BP_PER_UNIT


@given(prices, rates)
def test_the_net_is_the_nearest_fen(gross_fen: int, rate_bp: int) -> None:
    net_fen, _ = split_gross(gross_fen, rate_bp)
    exact = Fraction(gross_fen * BP_PER_UNIT, BP_PER_UNIT + rate_bp)

    assert abs(exact - net_fen) <= Fraction(1, 2)


@given(prices, rates)
def test_a_red_letter_mirrors_its_invoice_to_the_fen(amount_fen: int, rate_bp: int) -> None:
    net_fen, tax_fen = split_gross(amount_fen, rate_bp)

    assert split_gross(-amount_fen, rate_bp) == (-net_fen, -tax_fen)
    assert tax_on_net(-amount_fen, rate_bp) == -tax_on_net(amount_fen, rate_bp)


@given(st.integers(0, 10**14), rates.filter(lambda rate_bp: rate_bp > 0))
def test_half_a_fen_of_tax_is_rounded_up(whole: int, rate_bp: int) -> None:
    """Half-even would round every second one down."""
    # The nets whose tax is exactly whole + 1/2: net × rate = (2 whole + 1) × 5000.
    net_fen = (2 * whole + 1) * 5000
    assert tax_on_net(net_fen, rate_bp) * BP_PER_UNIT >= net_fen * rate_bp
    if (net_fen * rate_bp) % BP_PER_UNIT:
        assert tax_on_net(net_fen, rate_bp) == net_fen * rate_bp // BP_PER_UNIT + 1


def test_the_half_that_tells_the_two_ways_apart() -> None:
    """50 fen at 13 % owes 6.5 fen: half-even says 6, the law says 7."""
    assert tax_on_net(50, 1300) == 7
    assert tax_on_net(-50, 1300) == -7
    assert tax_on_net(150, 300) == 5  # 4.5: half-even says 4


def test_the_tax_office_example() -> None:
    """113 yuan at 13 % is 100 yuan and 13 yuan of tax."""
    assert split_gross(11_300, 1300) == (10_000, 1_300)


@given(positive, rates, st.data())
def test_a_margin_sale_pays_tax_on_the_margin_only(
    gross_fen: int, rate_bp: int, data: st.DataObject
) -> None:
    deduction_fen = data.draw(st.integers(0, gross_fen))
    net_fen, tax_fen = margin_on_gross(gross_fen, deduction_fen, rate_bp)
    exact = Fraction((gross_fen - deduction_fen) * rate_bp, BP_PER_UNIT + rate_bp)

    assert net_fen + tax_fen == gross_fen
    assert abs(exact - tax_fen) <= Fraction(1, 2)
    assert 0 <= tax_fen <= split_gross(gross_fen, rate_bp)[1]


@given(positive, rates, st.data())
def test_with_or_without_tax_a_margin_sale_comes_to_the_same(
    net_fen: int, rate_bp: int, data: st.DataObject
) -> None:
    """To the fen, because each rounds once."""
    deduction_fen = data.draw(st.integers(0, net_fen))
    _, tax_fen = margin_on_net(net_fen, deduction_fen, rate_bp)
    _, again_fen = margin_on_gross(net_fen + tax_fen, deduction_fen, rate_bp)

    assert abs(again_fen - tax_fen) <= 1


def test_a_margin_example() -> None:
    """Sold for 1 050.00 with 630.00 to deduct, at 5 %: tax 20.00, net 1 030.00."""
    assert margin_on_gross(105_000, 63_000, 500) == (103_000, 2_000)


@given(positive, rates)
def test_without_a_deduction_it_is_an_ordinary_sale(gross_fen: int, rate_bp: int) -> None:
    assert margin_on_gross(gross_fen, 0, rate_bp) == split_gross(gross_fen, rate_bp)
    assert margin_on_net(gross_fen, 0, rate_bp) == (gross_fen, tax_on_net(gross_fen, rate_bp))

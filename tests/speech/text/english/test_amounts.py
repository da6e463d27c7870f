"""Prices, percentages and measures, as they are said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It costs £5.", "It costs five pounds."),
        ("£1", "one pound"),
        ("£1.00", "one pound"),
        ("£1.01", "one pound and one penny"),
        ("£9.50", "nine pounds and fifty pence"),
        ("$0.99", "ninety-nine cents"),
        ("$0.01", "one cent"),
        ("$0.00", "zero dollars"),
        ("$1,234.56", "one thousand two hundred thirty-four dollars and fifty-six cents"),
        ("$1.5", "one point five dollars"),
        ("-$5.20", "minus five dollars and twenty cents"),
        ("€2.5k", "two point five thousand euros"),
        ("$3M", "three million dollars"),
        ("£2.5 million", "two point five million pounds"),
        ("$1bn", "one billion dollars"),
        ("$5-$10", "five to ten dollars"),
        ("$5–10k", "five to ten thousand dollars"),
        ("$500k–1M", "five hundred thousand to one million dollars"),
        ("5 €", "five euros"),
        ("9,50 €", "nine euros and fifty cents"),
        ("20 USD", "twenty US dollars"),
        ("A$5", "five Australian dollars"),
        ("CHF 12", "twelve Swiss francs"),
        ("¥500", "five hundred yen"),
        ("50p", "fifty pence"),
        ("1p", "one penny"),
        ("99¢", "ninety-nine cents"),
        ("$5/month", "five dollars per month"),
        ("$2/hr", "two dollars per hour"),
    ],
)
def test_a_price_is_said_with_its_currency(said: Callable[[str], str], written: str, spoken: str) -> None:
    """One is singular, two decimals are cents, and of a range the currency is said once."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("5%", "five percent"),
        ("0.5 %", "zero point five percent"),
        ("5–10%", "five to ten percent"),
        ("5 km", "five kilometers"),
        ("1 km", "one kilometer"),
        ("0.5 kg", "zero point five kilograms"),
        ("90km/h", "ninety kilometers per hour"),
        ("20 °C", "twenty degrees Celsius"),
        ("1°C", "one degree Celsius"),
        ("-5 ° C", "minus five degrees Celsius"),
        ("68ºF", "sixty-eight degrees Fahrenheit"),
        ("20–25°C", "twenty to twenty-five degrees Celsius"),
        ("90°", "ninety degrees"),
        ("80 m²", "eighty square meters"),
        ("2 m³", "two cubic meters"),
        ("1 kWh", "one kilowatt hour"),
        ("3 kWh", "three kilowatt hours"),
        ("5 ft", "five feet"),
        ("6'2\"", "six foot two"),
        ("30s", "thirty seconds"),
        ("5min", "five minutes"),
        ("24h", "twenty-four hours"),
        ("100 GB", "one hundred gigabytes"),
        ("5 Mbps", "five megabits per second"),
        ("3 GHz", "three gigahertz"),
        ("3x4 m", "three by four meters"),
        ("2 x 3 x 4", "two by three by four"),
        ("10×20 cm", "ten by twenty centimeters"),
        ("2.5k", "two point five thousand"),
        ("10K", "ten thousand"),
        ("3M", "three million"),
        ("5bn", "five billion"),
        ("a 4K screen", "a four K screen"),
    ],
)
def test_a_measure_is_said_with_its_unit(said: Callable[[str], str], written: str, spoken: str) -> None:
    """One is singular, and of a range the unit is said once."""
    assert said(written) == spoken

"""Creative codes are stable, found again in any name, and a slip of the pen is noticed."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.formats import creative_code as codes

numbers = st.integers(0, codes.COUNT - 1)


class TestFromNumber:
    @given(numbers)
    def test_comes_back_as_the_same_number(self, number: int) -> None:
        assert codes.to_number(codes.from_number(number)) == number

    def test_is_stable_over_releases(self) -> None:
        assert [codes.from_number(n) for n in (0, 1, 7)] == ["CR000000", "CRKMQSV1", "CR9H6MX8"]

    @pytest.mark.parametrize("number", [-1, codes.COUNT])
    def test_refuses_what_does_not_fit(self, number: int) -> None:
        with pytest.raises(ValueError, match="holds numbers from 0"):
            codes.from_number(number)


class TestFromBytes:
    def test_is_stable_and_gives_another_code_for_another_attempt(self) -> None:
        identity = uuid.UUID(int=5).bytes
        assert codes.from_bytes(identity) == codes.from_bytes(identity)
        assert codes.from_bytes(identity) != codes.from_bytes(identity, attempt=1)
        assert codes.is_valid(codes.from_bytes(identity))


class TestCheckLetter:
    @given(numbers, st.integers(2, 7), st.sampled_from(codes.ALPHABET))
    def test_notices_every_wrong_letter(self, number: int, at: int, letter: str) -> None:
        code = codes.from_number(number)
        changed = code[:at] + letter + code[at + 1 :]
        assert codes.is_valid(changed) == (changed == code)

    @given(numbers, st.integers(2, 7), st.integers(2, 7))
    def test_notices_every_swap_of_two_letters(self, number: int, one: int, two: int) -> None:
        letters = list(codes.from_number(number))
        letters[one], letters[two] = letters[two], letters[one]
        swapped = "".join(letters)
        assert codes.is_valid(swapped) == (swapped == codes.from_number(number))


class TestParse:
    def test_reads_what_people_type(self) -> None:
        code = codes.from_number(0)
        assert codes.parse(" cr-ooo oo0 ") == code

    @pytest.mark.parametrize("written", ["", "CR", "XX000000", "CR00000", "CRUUUUUU", "CR000001"])
    def test_refuses_anything_else_with_a_reason(self, written: str) -> None:
        with pytest.raises(codes.BadCode, match=r"\w"):
            codes.parse(written)


class TestFind:
    @given(numbers, st.text("_-. /?&=", min_size=1, max_size=3))
    def test_finds_the_code_in_a_name(self, number: int, around: str) -> None:
        code = codes.from_number(number)
        assert codes.find(f"Acme{around}{code}{around}mp4") == (code,)

    def test_does_not_look_inside_words_or_take_bad_check_letters(self) -> None:
        assert codes.find("XCR000000 CR0000001 CR000001 credence") == ()

    def test_takes_lower_case_when_there_is_nothing_else(self) -> None:
        assert codes.find("utm_content=acme_cr000000") == ("CR000000",)

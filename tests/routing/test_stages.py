"""The line's stages in order and what belongs to each."""

from __future__ import annotations

from routing.stages import OPERATIONS, ORDER, Stage, following, operations_of


def test_stand_in_the_order_of_work() -> None:
    assert [str(stage) for stage in ORDER] == ["generation", "edit", "polish", "animate", "qa"]
    assert [following(stage) for stage in ORDER] == [*ORDER[1:], None]


def test_own_each_operation_once() -> None:
    found = [operation.key for stage in ORDER for operation in operations_of(stage)]
    assert sorted(found) == sorted(OPERATIONS)
    assert all(operation.key == key for key, operation in OPERATIONS.items())


def test_say_what_goes_in_and_what_comes_out() -> None:
    without = {key for key, operation in OPERATIONS.items() if not operation.needs_base}
    assert without == {"compose_type"}
    assert {key for key, op in OPERATIONS.items() if op.needs_mask} == {"object_erase"}
    assert {key for key, op in OPERATIONS.items() if op.needs_face} == {"face_swap"}
    assert {key for key, op in OPERATIONS.items() if op.makes_clip} == {"image_to_video"}
    assert [op.key for op in operations_of(Stage.QA)] == ["check"]

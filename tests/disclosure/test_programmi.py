"""The solver is silent: in a notebook, what it writes would be a result that the page does not show."""

import ctypes
import os

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from analisi.disclosure import programmi

LOUD = pytest.mark.skipif(os.name == "nt", reason="the library in C is found otherwise there")
TWO = (np.array([1.0, 2.0]), np.ones(2), Bounds(0, 9), LinearConstraint(np.array([[1.0, 1.0]]), 3, np.inf))


def loud(*args, **kwargs):
    ctypes.CDLL(None).printf(b"a line of the library, still in its buffer\n")
    os.write(1, b"a line on the descriptor\n")
    return milp(*args, **kwargs)


def test_the_solution_is_that_of_the_solver():
    assert programmi.whole(*TWO, mip_rel_gap=0.0).x.tolist() == [3.0, 0.0]


@LOUD
def test_what_the_solver_writes_is_not_heard_and_what_follows_is(monkeypatch, capfd):
    monkeypatch.setattr(programmi, "milp", loud)
    assert programmi.whole(*TWO).success
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"


@LOUD
def test_the_output_is_back_when_the_solver_fails(monkeypatch, capfd):
    monkeypatch.setattr(programmi, "milp", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        programmi.whole(*TWO)
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"

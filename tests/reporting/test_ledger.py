"""The ledger sums what the parts hold, by role, and knows nothing that a call did not say."""

from __future__ import annotations

from pathlib import Path

from scaling_cli.reporting.ledger import ledger_rows
from tests.reporting.hostile import MODELS, call, sampled_cell, write_search
from tests.small_run import small_run


def test_banks_are_the_policys_and_searches_both(tmp_path: Path) -> None:
    folder = small_run(tmp_path, MODELS, questions=4, samples=3)
    rows = ledger_rows([folder])
    assert [row["role"] for row in rows] == ["policy"] * 5
    drawn = [folder.read_part("candidates", key).to_pylist() for key in folder.cells("candidates")]
    assert rows[-1]["new_tokens"] == sum(row["new_tokens"] for part in drawn for row in part)
    assert rows[-1]["calls"] == sum(map(len, drawn)) == 2 * 4 * (1 + 3)

    write_search(folder, sampled_cell(folder), folder.question_ids()[0])
    rows = ledger_rows([folder])
    verifier = [row for row in rows if row["role"] == "verifier"]
    assert [row["calls"] for row in verifier] == [4, 4]
    assert verifier[0] | {"run": "", "cell": ""} == verifier[1] | {"run": "", "cell": ""}
    assert verifier[0]["prompt_tokens"] == 160 and verifier[0]["new_tokens"] == 4


def test_scores_of_a_bank_stand_beside_it(tmp_path: Path) -> None:
    folder = small_run(tmp_path, MODELS, questions=2, samples=2)
    key, question = sampled_cell(folder), folder.question_ids()[0]
    asked = [call(question, f"{i}/s0", None, role="verifier", new_tokens=2) for i in range(3)]
    folder.write_part("charges", f"{key}.judge", asked)
    rows = ledger_rows([folder])
    assert [row["role"] for row in rows].count("verifier") == 2
    assert len([row for row in rows if row["role"] == "policy"]) == 5, "the bank is still charged"


def test_one_unknown_count_makes_the_sum_unknown(tmp_path: Path) -> None:
    folder = small_run(tmp_path, MODELS, questions=2, samples=2)
    key, question = sampled_cell(folder), folder.question_ids()[0]
    rows = [call(question, "0", None), call(question, "1", None, cached_tokens=None)]
    folder.write_part("charges", key, rows)
    total = ledger_rows([folder])[-1]
    assert total["cached_tokens"] is None and total["new_tokens"] is not None

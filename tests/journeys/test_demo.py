"""The demo: the whole job, end to end, by itself."""

import json
import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.journey

LISTED = ("--json",)


def demo(data_dir, *words, **environment):
    command = [sys.executable, "-m", "levada_runtime", "demo", "--data-dir", str(data_dir), *words]
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_demo_ends_by_itself_and_the_store_agrees_with_the_source(tmp_path):
    """Every count agrees, and the nonce that went into the source is in the documents."""
    process = demo(tmp_path / "d", "--once", "--json", LEVADA_DEMO_NONCE="nonce-4711")
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    result = json.loads(out)["result"]
    served, stored = result["served"], result["stored"]
    assert stored["customers"] == served["customers"]
    assert stored["invoices"] == served["invoices"]
    assert stored["invalid"] == served["invalid"]
    assert 0 < stored["retired"] <= served["deleted"]
    listed = subprocess.run(
        [sys.executable, "-m", "levada_runtime", "documents", "list", "--data-dir", str(tmp_path / "d"), *LISTED],
        capture_output=True,
        check=True,
    )
    documents = json.loads(listed.stdout)["result"]["items"]
    assert len([one for one in documents if one["document_type"] == "customer"]) == served["customers"]
    assert len([one for one in documents if one["document_type"] == "invoice"]) == served["invoices"]
    assert "nonce-4711" in json.dumps(documents)
    assert len(result["cycles"]) == 3
    second, third = result["cycles"][1:]
    assert all(run["counts"]["updated"] for run in second)
    assert not any(run["counts"][name] for run in third for name in ("created", "updated", "retired"))
    (received,) = result["settled"]["received"]
    assert received["tags"] == {"nonce": "nonce-4711"}
    assert received["paid"] == " ".join(
        result["settled"]["entity"]["traits"][name] for name in ("last_payment", "currency")
    )
    assert result["settled"]["delivery"]["body"] == received


def test_ctrl_c_ends_the_demo_cleanly(tmp_path):
    """It says so, leaves no process behind, and the exit code is that of a stopped program."""
    process = demo(tmp_path / "d")
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("the source goes on"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    text = "".join(said)
    for word in (
        "sandbox",
        "API",
        "invoices",
        "unchanged",
        "webhook",
        "entity",
        "delivery",
        "next tick",
        "runtime runs list",
    ):
        assert word in text

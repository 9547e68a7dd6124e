"""The sample source as a child process, told what to do over its standard input."""

import json
import subprocess
import sys
import urllib.request


def test_it_says_where_it_listens_obeys_and_ends_with_its_input():
    """Hello first, then one answer a word; closing the input ends the process."""
    words = [sys.executable, "-m", "levada_acme.sample.controlled", "--nonce", "n-7"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def tell(word):
            process.stdin.write(f"{word}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        hello = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {hello['api_key']}"}
        with urllib.request.urlopen(urllib.request.Request(f"{hello['api_base']}/customers", headers=headers)) as page:
            assert "n-7" in page.read().decode()
        assert tell("served") == {"served": hello["served"]}
        assert tell("advance")["served"]["deleted"] > 0
        assert "error" in tell("sing")
        assert tell("received") == {"received": []}
        assert tell(f"settle {hello['api_base']}/received") == {"status": 200, "payment": 90001}
        assert tell(f"settle {hello['api_base']}/nowhere") == {"status": 404, "payment": 90002}
        assert "error" in tell("settle http://127.0.0.1:1/")
        (body,) = tell("received")["received"]
        assert json.loads(body)["payment"]["tags"] == {"nonce": "n-7"}
        process.stdin.close()
        assert process.wait(timeout=5) == 0

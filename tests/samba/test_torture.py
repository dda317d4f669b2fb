# SPDX-License-Identifier: Apache-2.0
"""smbtorture over acl_ddb and over the packaged acl_xattr, in the same run, test by test."""

import concurrent.futures

import conftest
import pytest
import smbd_runner
import torture

# What acl_xattr of Samba 4.17 passes; far fewer would mean that the comparison says nothing.
ENOUGH_PASSED = 70


@pytest.fixture(scope="module")
def outcomes(build):
    """{module: {suite: Outcome}}; the two modules run side by side, each with its own server."""
    ddb, xattr = smbd_runner.Server(build), smbd_runner.Server()
    lines = [f"acl_ddb:store = {ddb.store_uri}"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = {
            "acl_xattr": pool.submit(torture.run_suites, xattr, "acl_xattr", []),
            "acl_ddb": pool.submit(torture.run_suites, ddb, "acl_ddb", lines),
        }
        result = {module: run.result() for module, run in runs.items()}
    conftest.summary_lines.extend(table(result))
    return result


def table(outcomes):
    """The figures, a line a suite."""
    lines = [f"{'smbtorture, passed/not':28}{'acl_xattr':>16}{'acl_ddb':>16}"]
    sums = {module: [0, 0] for module in outcomes}
    for suite in torture.SUITES:
        line = f"{suite:28}"
        for module in ("acl_xattr", "acl_ddb"):
            outcome = outcomes[module][suite]
            passed = len(outcome.passed())
            others = sum(result in ("failure", "error") for result in outcome.tests.values())
            line += f"{f'{passed}/{others} {outcome.seconds:5.1f} s':>16}"
            sums[module] = [sums[module][0] + passed, sums[module][1] + others]
        lines.append(line)
    line = f"{'sum':28}"
    for module in ("acl_xattr", "acl_ddb"):
        line += f"{f'{sums[module][0]}/{sums[module][1]}':>16}"
    return lines + [line]


@pytest.mark.parametrize("suite", torture.SUITES)
def test_no_test_that_acl_xattr_passes_fails_on_acl_ddb(outcomes, suite):
    peer, ours = outcomes["acl_xattr"][suite], outcomes["acl_ddb"][suite]
    assert peer.tests, f"{suite} ran no test over acl_xattr:\n{peer.output}"
    lost = peer.passed() - ours.passed()
    assert not lost, f"{suite}: {sorted(lost)}\n{ours.output[-8000:]}"


def test_the_comparison_covers_enough(outcomes):
    assert sum(len(outcome.passed()) for outcome in outcomes["acl_xattr"].values()) >= ENOUGH_PASSED


def test_access_based_enumeration_passes(outcomes):
    assert outcomes["acl_ddb"]["smb2.acls"].tests["ACCESSBASED"] == "success"

"""Uses the stand-in Hub at HF_ENDPOINT with huggingface_hub and datasets. Both are started by hub.ts.

hub.py clients FOLDER: a line of JSON for each check, {"name", "passed", "detail"}.
hub.py stream LAYOUTS FOLDER: the records that datasets streams of each layout, as FOLDER/NAME.ndjson, or
FOLDER/NAME.error.
"""
import base64
import datetime
import json
import os
import socket
import sys
import traceback
import urllib.request

# The viewer has the prefix `datasets-server.` before the Hub's host, a name that doesn't resolve on loopback.
looked_up = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: looked_up(
    host[len("datasets-server.") :] if isinstance(host, str) and host.startswith("datasets-server.") else host,
    *rest, **named
)

import datasets  # noqa: E402
import huggingface_hub  # noqa: E402
from huggingface_hub import (  # noqa: E402
    HfApi, HfFileSystem, get_hf_file_metadata, hf_hub_download, hf_hub_url, snapshot_download
)
from huggingface_hub.errors import (  # noqa: E402
    EntryNotFoundError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
)

REPO = "judged/data"
TOKEN, STRANGER = "hf_judged", "hf_stranger"


def check(name, test):
    try:
        detail = test()
        passed = detail is None or detail is True
    except Exception as error:
        passed, detail = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"name": name, "passed": passed, "detail": str(detail)[:300]}), flush=True)


def same(got, expected):
    return True if got == expected else f"got {got!r}, expected {expected!r}"


def fails(kind, action):
    """Whether an action fails with exactly this kind of error."""
    try:
        action()
    except Exception as error:
        return True if isinstance(error, kind) else f"{type(error).__name__}: {error}"
    return "it did not fail"


def misbehave(plan):
    """Sets the faults of the Hub from now on; returns whether there was one since the last call."""
    global seen
    endpoint = os.environ["HF_ENDPOINT"]
    with urllib.request.urlopen(f"{endpoint}/stand-in/requests") as answer:
        requests = json.load(answer)
    met, seen = any(request["fault"] for request in requests[seen:]), len(requests)
    urllib.request.urlopen(f"{endpoint}/stand-in/misbehave", json.dumps(plan).encode()).close()
    return met


seen = 0


def plain(value):
    """A value as JSON for comparisons: integers that JSON readers round as digits, bytes in base64, ISO 8601 times."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def clients(folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    files, commit, large = expected["files"], expected["commit"], "data/large.parquet"
    api = HfApi()
    kind = {"repo_type": "dataset"}
    everywhere = sorted(files)
    check("repo_info: commit, files and card", lambda: same(
        (lambda info: (info.sha, sorted(s.rfilename for s in info.siblings), info.card_data.license, info.gated,
                       info.private))(api.repo_info(REPO, **kind)),
        (commit, everywhere, "odc-by", False, False)))
    check("repo_info(files_metadata): sizes", lambda: same(
        {s.rfilename: s.size for s in api.repo_info(REPO, files_metadata=True, **kind).siblings},
        {name: each["size"] for name, each in files.items()}))
    check("repo_info(revision): a tag's commit",
        lambda: same(api.repo_info(REPO, revision="v1", **kind).sha, expected["tag"]))
    check("repo_info(expand)", lambda: same(api.repo_info(REPO, expand=["sha", "gated"], **kind).sha, commit))
    check("repo_exists, revision_exists, file_exists", lambda: same(
        (api.repo_exists(REPO, **kind), api.repo_exists("judged/none", **kind),
            api.revision_exists(REPO, "none", **kind), api.file_exists(REPO, large, **kind),
            api.file_exists(REPO, "none", **kind)),
        (True, False, False, True, False)))
    check("list_repo_tree(recursive): all, over several pages", lambda: same(
        {entry.path: (entry.size, entry.blob_id, entry.lfs and entry.lfs.sha256)
            for entry in api.list_repo_tree(REPO, recursive=True, **kind) if hasattr(entry, "blob_id")},
        {name: (each["size"], each["oid"], each["lfs"]) for name, each in files.items()}))
    check("list_repo_tree: a folder", lambda: same(
        sorted(entry.path for entry in api.list_repo_tree(REPO, "data", **kind)),
        ["data/deep", large, "data/small.jsonl"]))
    check("list_repo_tree(expand)", lambda: same(
        {entry.last_commit.oid for entry in api.list_repo_tree(REPO, expand=True, recursive=True, **kind)}, {commit}))
    check("list_repo_files: at a commit, and at a ref with slashes", lambda: same(
        (sorted(api.list_repo_files(REPO, revision=commit, **kind)),
            api.list_repo_files(REPO, revision="refs/convert/parquet", **kind)),
        (everywhere, ["default/train/0000.parquet"])))
    check("get_paths_info: a file, a folder, and not a missing path", lambda: same(
        [(type(entry).__name__, entry.path) for entry in api.get_paths_info(REPO, [large, "data", "none"], **kind)],
        [("RepoFile", large), ("RepoFolder", "data")]))
    check("list_repo_refs", lambda: same(
        (lambda refs: ([(each.name, each.ref) for each in refs.branches], [each.name for each in refs.converts],
                       [each.name for each in refs.tags], refs.pull_requests))(
            api.list_repo_refs(REPO, include_pull_requests=True, **kind)),
        ([("main", "refs/heads/main"), ("next", "refs/heads/next")], ["parquet"], ["v1"], [])))
    for name in (large, "data/small.jsonl"):
        each = files[name]
        check(f"get_hf_file_metadata: {name}", lambda: same(
            (lambda meta: (meta.commit_hash, meta.etag, meta.size, meta.xet_file_data))(
                get_hf_file_metadata(hf_hub_url(REPO, name, **kind))),
            (commit, each["lfs"] or each["oid"], each["size"], None)))
        check(f"hf_hub_download: {name}",
            lambda: same(read(hf_hub_download(REPO, name, **kind)), content(folder, name)))
    check("hf_hub_download: a text that is sent gzipped",
        lambda: same(read(hf_hub_download(REPO, "data/deep/words.txt", **kind)),
            content(folder, "data/deep/words.txt")))
    check("hf_hub_download: by the former name of the repository", lambda: same(
        read(hf_hub_download("judged/former", "data/small.jsonl", **kind)), content(folder, "data/small.jsonl")))
    check("snapshot_download: all files", lambda: same(
        (lambda path: {name: read(os.path.join(path, name)) == content(folder, name) for name in files})(
            snapshot_download(REPO, **kind)),
        {name: True for name in files}))
    check("snapshot_download(allow_patterns): a tag, into a folder", lambda: same(
        (lambda path: sorted(name for name in os.listdir(path) if not name.startswith(".")))(snapshot_download(
            REPO, revision="v1", allow_patterns="*.txt", local_dir=os.path.join(folder, "local"), **kind)),
        ["old.txt"]))
    fs = HfFileSystem()
    check("HfFileSystem.ls, glob, info, exists", lambda: same(
        (sorted(fs.ls(f"datasets/{REPO}/data", detail=False)), sorted(fs.glob(f"datasets/{REPO}@v1/**/*.txt")),
            fs.info(f"datasets/{REPO}/{large}")["size"], fs.exists(f"datasets/{REPO}/none")),
        ([f"datasets/{REPO}/data/deep", f"datasets/{REPO}/{large}", f"datasets/{REPO}/data/small.jsonl"],
            [f"datasets/{REPO}@v1/old.txt"], files[large]["size"], False)))

    def seeks(name):
        whole = content(folder, name)
        with fs.open(f"datasets/{REPO}/{name}", "rb", block_size=1000) as file:
            got = [file.read(10)]
            for place in (len(whole) - 7, 3, len(whole) // 2):
                file.seek(place)
                got.append(file.read(100))
        return same(got, [whole[:10], whole[-7:], whole[3:103], whole[len(whole) // 2 :][:100]])

    check("HfFileSystem.open: seeks and reads, LFS", lambda: seeks(large))
    check("HfFileSystem.open: seeks and reads, git", lambda: seeks("data/deep/words.txt"))
    check("HfFileSystem.read_text: at a commit",
        lambda: same(fs.read_text(f"hf://datasets/{REPO}@{commit}/data/small.jsonl", newline="").encode(),
            content(folder, "data/small.jsonl")))

    for name, plan in {
        "a body that breaks, three times": {"fault": {"kind": "break", "after": 20_000}, "times": 3},
        "a body that breaks, and a range that is answered by the whole": [
            {"fault": {"kind": "break", "after": 20_000}}, {"fault": {"kind": "whole"}}
        ],
        "a body that stalls": {"fault": {"kind": "stall", "after": 30_000}},
        "a body that drips": {"fault": {"kind": "drip", "bytes": 10_000, "ms": 5}},
        "429, by the header RateLimit": {
            "fault": {"kind": "rate-limit", "how": "ratelimit", "seconds": 1}, "on": {"kind": "file"}
        },
        "429, by Retry-After": {
            "fault": {"kind": "rate-limit", "how": "retry-after", "seconds": 1}, "on": {"kind": "file"}
        },
    }.items():

        def through():
            misbehave(plan)
            got = read(hf_hub_download(REPO, large, force_download=True, **kind))
            met = misbehave([])
            return same((got, met), (content(folder, large), True))

        check(f"hf_hub_download, {name}: recovers", through)
    for name, plan in {
        "503 to a listing": {"fault": {"kind": "status", "status": 503}, "on": {"kind": "api"}},
        "429 to a listing": {"fault": {"kind": "rate-limit", "how": "ratelimit", "seconds": 1}, "on": {"kind": "api"}},
    }.items():

        def listed():
            misbehave(plan)
            got = sorted(api.list_repo_files(REPO, **kind))
            return same((got, misbehave([])), (everywhere, True))

        check(f"list_repo_files, {name}: recovers", listed)

    def short():
        misbehave({"fault": {"kind": "short", "by": 10, "framing": "length"}})
        return fails(OSError, lambda: hf_hub_download(REPO, large, force_download=True, **kind))

    check("hf_hub_download, a body that is too short: detected", short)
    misbehave([])

    def download(repo, name="a.txt", **more):
        return lambda: hf_hub_download(repo, name, repo_type="dataset", **more)

    check("gated, without a token: GatedRepoError",
        lambda: fails(GatedRepoError, download("judged/gated", token=False)))
    check("gated, with a token that has no access: GatedRepoError",
        lambda: fails(GatedRepoError, download("judged/gated", token=STRANGER)))
    check("gated, with access", lambda: same(read(download("judged/gated", token=TOKEN)()), b"a"))
    check("gated: listed for everyone",
        lambda: same(api.repo_info("judged/gated", token=False, **kind).gated, "manual"))
    check("private, without a token: RepositoryNotFoundError",
        lambda: fails(RepositoryNotFoundError, lambda: api.repo_info("judged/private", token=False, **kind)))
    check("private, with a token that has no access: RepositoryNotFoundError",
        lambda: fails(RepositoryNotFoundError, download("judged/private", token=STRANGER)))
    check("private, with access", lambda: same(read(download("judged/private", token=TOKEN)()), b"a"))
    check("LFS with a token: the token stays on the Hub",
        lambda: same(read(download("judged/private", "a.bin", token=TOKEN)()), b"abc"))
    check("absent, with a token: RepositoryNotFoundError",
        lambda: fails(RepositoryNotFoundError, lambda: api.list_repo_files("judged/none", token=TOKEN, **kind)))
    check("missing revision: RevisionNotFoundError",
        lambda: fails(RevisionNotFoundError, lambda: api.repo_info(REPO, revision="none", **kind)))
    check("missing revision of a file: RevisionNotFoundError",
        lambda: fails(RevisionNotFoundError, download(REPO, large, revision="none")))
    check("missing file: EntryNotFoundError", lambda: fails(EntryNotFoundError, download(REPO, "none")))
    check("missing folder: EntryNotFoundError",
        lambda: fails(EntryNotFoundError, lambda: list(api.list_repo_tree(REPO, "none", **kind))))
    check("an unknown token: HfHubHTTPError", lambda: fails(HfHubHTTPError, lambda: api.whoami(token="hf_wrong")))
    check("whoami", lambda: same(api.whoami(token=TOKEN)["auth"]["accessToken"]["role"], "read"))
    check("datasets: names of subsets and splits", lambda: same(
        (datasets.get_dataset_config_names("layouts/card-subset"),
            datasets.get_dataset_split_names("layouts/card-splits")),
        (["en", "20231101.de"], ["train", "test"])))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def content(folder, name):
    return read(os.path.join(folder, "files", name))


def stream(layouts, folder):
    with open(layouts, encoding="utf-8") as file:
        asked = json.load(file)
    for layout in asked:
        path = os.path.join(folder, layout["name"])
        judged = layout.get("judgedAs")
        if judged:
            which = {"revision": judged["revision"], "data_dir": judged["dataDir"]}
        else:
            which = {"name": layout.get("subset"), "revision": layout.get("revision")}
        try:
            records = datasets.load_dataset(
                f"layouts/{layout['name']}", data_files=layout.get("dataFiles"), split=layout.get("split", "train"),
                streaming=True, **which
            )
            with open(f"{path}.ndjson", "w", encoding="utf-8") as out:
                for record in records:
                    out.write(json.dumps(plain(record), ensure_ascii=False) + "\n")
        except Exception:
            with open(f"{path}.error", "w", encoding="utf-8") as out:
                out.write(traceback.format_exc())


if __name__ == "__main__":
    print(f"huggingface_hub {huggingface_hub.__version__}, datasets {datasets.__version__}", file=sys.stderr)
    datasets.disable_progress_bars()
    huggingface_hub.utils.disable_progress_bars()
    if sys.argv[1] == "clients":
        clients(sys.argv[2])
    else:
        stream(*sys.argv[2:])

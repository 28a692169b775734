"""Clients and web pages cannot reach what belongs to others."""

from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urljoin

from bson import encode
from pymongo import MongoClient

from deploy.local.ports import LOOPBACK
from tests.attack.conftest import Report
from tests.attack.target import SONG, VICTIM, Target, accepted, document, submit

FOREIGN = ({"Host": "rebound.example"}, {"Origin": "https://foreign.example"}, {"Origin": "null"})
REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST)
MARKERS = ("quuxname", "quuxsecret")
REDACTED_SECONDS = 10


def test_an_idempotency_key_leads_to_no_job_of_another_client(target: Target, report: Report, attacker: str) -> None:
    """An attacker repeats the key of the victim, and claims to be a proxy in front of the victim."""
    headers = {"Idempotency-Key": "1"}
    with target.client(VICTIM) as victim, target.client(attacker) as thief:
        mine = accepted(submit(victim, headers=headers))
        assert accepted(submit(victim, headers=headers)) == mine
        guessed = [accepted(submit(thief, headers={**headers, **more})) for more in ({}, {"X-Forwarded-For": VICTIM})]
    report("an Idempotency-Key of another client: its jobs that are returned, of 2", guessed.count(mine), 0)


def test_a_foreign_page_changes_nothing_through_the_browser_of_a_user(target: Target, report: Report) -> None:
    with target.client(VICTIM) as client:
        job_id = accepted(submit(client))
        target.until(lambda: bool(document(client, job_id)))
        attempts = [
            client.request(method, path, headers=headers)
            for headers in FOREIGN
            for method, path in (("DELETE", f"/api/jobs/{job_id}"), ("POST", f"/api/jobs/{job_id}/retry"))
        ] + [submit(client, headers=headers) for headers in FOREIGN]
        done = [answer for answer in attempts if answer.status_code not in REFUSED]
        report(f"writes by a foreign page or host name: accepted, of {len(attempts)}", len(done), 0)
        assert document(client, job_id)["status"] == "queued"


def test_a_foreign_host_name_reads_nothing(target: Target, report: Report) -> None:
    with target.client(VICTIM) as client:
        job_id = accepted(submit(client))
        target.until(lambda: bool(document(client, job_id)))
        paths = (f"/api/status/{job_id}", f"/api/status?ids={job_id}", f"/api/jobs/{job_id}/download.zip")
        answers = [client.get(path, headers={"Host": "rebound.example"}) for path in paths]
    leaks = [answer for answer in answers if answer.status_code not in REFUSED or "song.wav" in answer.text]
    report(f"reads under a foreign host name: answered, of {len(answers)}", len(leaks), 0)


def test_a_name_with_control_characters_is_not_in_a_header(target: Target, report: Report, attacker: str) -> None:
    name = "a%0d%0aSet-Cookie:%20quux=1%0d%0a%00%1b[2J%e2%80%aegnp.mp3"
    with target.client(attacker) as client:
        head = f"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''{name}\r\n\r\n"
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = client.post("/api/process", headers=form, content=head.encode() + SONG + b"\r\n--x--\r\n")
        job_id = accepted(answer)
        (target.storage / job_id / "beats.json").write_text("{}")
        download = client.get(f"/api/jobs/{job_id}/beats.json?download").raise_for_status()
    assert "set-cookie" not in download.headers
    shown = unquote(download.headers["content-disposition"])
    assert "quux" in shown
    unsafe = [char for char in shown if not char.isprintable()]
    report("a song's name with line ends: unsafe characters in the name of a download", len(unsafe), 0)


def test_a_deleted_job_keeps_neither_its_name_nor_its_callback(target: Target, report: Report) -> None:
    with target.client(VICTIM) as client, MongoClient[dict[str, Any]](target.database.url) as database:

        def keeps_texts() -> bool:
            stored = [job for job in map(encode, database.karaoke.jobs.find()) if job_id.encode() in job]
            shown = [client.get(f"{url}/api/status/{job_id}").content for url in ("", target.status.url)]
            return any(marker.encode() in text.lower() for marker in MARKERS for text in (*stored, *shown))

        url = f"http://{LOOPBACK}:1/?{MARKERS[1]}"
        job_id = accepted(submit(client, name=f"{MARKERS[0]}.wav", callback_url=url))
        target.until(keeps_texts)
        assert client.delete(f"/api/jobs/{job_id}").status_code == 204
        seconds = target.until(lambda: not keeps_texts(), REDACTED_SECONDS)
        assert document(client, job_id)["error_code"] == "cancelled"
    report("a deleted job: seconds until its documents have neither name nor callback", seconds, REDACTED_SECONDS)


class _Loaded(HTMLParser):
    """`urls` lists the files that a page loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe"):
            self.urls += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_documentation_page_loads_nothing_from_elsewhere(target: Target, report: Report) -> None:
    with target.client() as client:
        page = client.get("/docs").raise_for_status()
        urls = [urljoin(str(page.url), url) for url in _Loaded(page.text).urls]
        own = [url for url in urls if url.startswith(f"{target.gateway.url}/")]
        broken = [url for url in own if not client.get(url).is_success]
    allowed = [source for source in page.headers["content-security-policy"].split() if "//" in source]
    report("the page /docs: files and sources of other hosts", len(urls) - len(own) + len(allowed), 0)
    assert own
    assert not broken

"""The documentation of the API at `/docs`."""

import httpx2
from playwright.async_api import Browser, ConsoleMessage, expect


async def test_every_operation_is_shown_without_an_error_or_a_request_to_another_host(
    browser: Browser, gateway_url: str
) -> None:
    async with httpx2.AsyncClient(base_url=gateway_url) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    context = await browser.new_context()
    page = await context.new_page()
    requested: list[str] = []
    errors: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            errors.append(line.text)

    page.on("request", lambda request: requested.append(request.url))
    page.on("requestfailed", lambda request: errors.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", note)
    await page.goto(f"{gateway_url}/docs")
    await expect(page.locator(".opblock")).to_have_count(sum(len(methods) for methods in paths.values()))
    await page.locator("#operations-health-livez_livez_get").click()
    await page.get_by_role("button", name="Try it out").click()
    await page.get_by_role("button", name="Execute").click()
    await expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert errors == []
    assert all(url.startswith((f"{gateway_url}/", "data:")) for url in requested), requested
    await context.close()

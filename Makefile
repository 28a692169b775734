# One verb each, the same for people and for CI.
.DEFAULT_GOAL := help
.PHONY: help setup demo up test test-fast browser faults attack evaluate bench check audit sbom lowest docs images

PYTHON := .venv/bin/python
TYPED := services shared deploy tests bench
# Some machines tell Python not to store bytecode. Then each of our many processes compiles all of its imports again.
unexport PYTHONDONTWRITEBYTECODE
NPM := deploy/local/npm
WEB := services/gateway/web
NODE_TESTS := tests/clients/node_modules tests/deploy/schemas/node_modules

help: ## list these verbs
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 14

setup: ## install what is missing: .venv, RabbitMQ, the built page
	@deploy/local/setup

demo: setup ## send the sample song through everything and show the results
	@$(PYTHON) -m deploy.local demo

up: setup ## serve http://127.0.0.1:8000 until Ctrl-C; PORT=8080 for another port
	@$(PYTHON) -m deploy.local up

test: setup $(NODE_TESTS) ## run all tests on real servers, about 10 minutes; ARGS="-k name" or a path for some of them
	@deploy/local/program promtool prometheus
	@deploy/local/program chromium
	@$(NPM) test --prefix $(WEB) --silent
	@$(PYTHON) -m deploy.local backing -- $(PYTHON) -m tests $(ARGS)

test-fast: setup ## run the tests that need no server and no model, in half a minute; ARGS="-k name"
	@$(PYTHON) -m pytest --fast -n 2 --dist loadfile tests/unit tests/contract $(ARGS)

browser: setup ## use the page in Chromium, on real servers; ARGS="-k name" for some of it
	@deploy/local/program chromium
	@$(NPM) test --prefix $(WEB) --silent
	@$(PYTHON) -m deploy.local backing -- $(PYTHON) -m pytest tests/browser $(ARGS)

faults: setup ## cause faults, such as killed servers and lost connections, and check that no job is lost (20 minutes)
	@$(PYTHON) -m deploy.local backing -- $(PYTHON) -m pytest tests/faults -m "" $(ARGS)

attack: setup ## attack a fresh system from outside, and show what each attack achieves (under 2 minutes); ARGS="-k name"
	@$(PYTHON) -m pytest tests/attack $(ARGS)

evaluate: setup ## measure rhythm, lyrics and stems against exact truth and other programs; ARGS="--help" for choices
	@$(PYTHON) -m tests.evaluation $(ARGS)

bench: setup ## measure speed and memory, and compare with other programs; ARGS="--help" for choices
	@deploy/local/program redis-server
	@deploy/local/program wrk
	@deploy/local/program ffmpeg
	@$(PYTHON) -m bench $(ARGS)

check: setup ## lint, formatting, types, security
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy --strict $(TYPED)
	@$(NPM) run lint --prefix $(WEB) --silent
	@$(NPM) run typecheck --prefix $(WEB) --silent
	@$(PYTHON) -m bandit --quiet --configfile pyproject.toml --recursive services shared deploy

audit: setup ## ask the package index for known vulnerabilities of what is locked
	@$(PYTHON) -m pip_audit --requirement requirements.lock --disable-pip --no-deps --strict

sbom: setup ## list what a release contains, in CycloneDX, in .run/sbom
	@mkdir -p .run/sbom
	@cat requirements.lock requirements.torch-cpu.lock | $(PYTHON) -W ignore -m cyclonedx_py requirements - \
		--pyproject pyproject.toml --output-reproducible -o .run/sbom/python.json
	@$(NPM) sbom --prefix $(WEB) --sbom-format cyclonedx > .run/sbom/page.json
	@echo ".run/sbom/python.json and .run/sbom/page.json"

lowest: setup ## run unit and contract tests on the lowest versions of dependencies that pyproject.toml allows
	@deploy/local/lowest $(ARGS)

docs: setup ## generate docs/openapi.json, docs/asyncapi.json and the policies of a bucket
	@$(PYTHON) -m docs.generate

images: ## build the services' container images; ARGS="--help" for choices
	@deploy/images/build $(ARGS)

$(NODE_TESTS): %/node_modules: %/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or later" >&2; exit 1; }
	npm ci --prefix $* --no-audit --no-fund
	@touch $@

from docs.generate import documents


def test_the_generated_documents_are_current() -> None:
    for path, text in documents().items():
        assert path.read_text() == text, f"{path.name} is not what the code says: run `make docs`"

"""A tree of files made for one test."""

from checks.tree import Tree


def in_folder(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Tree(str(folder), files)

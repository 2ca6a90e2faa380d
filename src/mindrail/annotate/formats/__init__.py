"""Other tools' files. One file per format, each with `write`, `read` and what gets lost on the way.

    write(labelled, taxonomy) -> {end of the file's name: content}
    read(path) -> list[Foreign]

`read` knows no taxonomy: labels come as the file has them, and `transfer` maps them.
"""

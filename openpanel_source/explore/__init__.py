"""The notebook of ``explore``: each choice made in the browser is one query that only reads."""

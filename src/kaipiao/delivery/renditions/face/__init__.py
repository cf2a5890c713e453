"""The face of an invoice (票面): everything its printed page shows, whatever prints it.

``compose.compose_face`` says *what* is shown, as finished texts split into pages;
``layout.lay_out`` says *where*, in millimetres.  PDF and OFD draw the same pages.

We promise
    - the same invoice gives the same face; nothing is looked up and no clock is read;
    - no text is cut: what is too long goes on in the next line or on the next page;
    - it says that the document is this platform's; no seal or wording of a state is drawn.

May touch   nothing: a source in, a value out.
May not     know a file format or a font file.

Start reading at ``parts.py`` (the value), then ``compose.py``.
"""

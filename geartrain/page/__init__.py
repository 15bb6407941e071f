"""A page in the browser on which one watches a network learn, and opens every gear.

`geartrain learn` serves it for a network of one's own making; `callbacks.LivePage()` for any `fit`.

| part | what it does |
| --- | --- |
| `control.py` | holds and steps the training, and looks into it between two native calls |
| `subject.py` | what the page is about: a model, its data, the record of its training |
| `workshop.py`, `code.py` | a network built on the page, and the Keras code that does the same |
| `views/` | what each view shows, as functions from a subject to JSON |
| `app.py`, `guard.py`, `serving.py` | the server, for this machine and who has the token alone |
| `watching.py`, `live.py` | the callback |
| `static/` | the page itself: ES modules, styles, all words in English and Korean |
"""

"""The default stack: FastAPI, SQLAlchemy's ORM, PyJWT and uvicorn, put together the way their own manuals do.

Its choices are explained in ../README.md.
"""

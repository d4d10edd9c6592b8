def port():
    # ruleid: environment
    return os.environ["PORT"]


def host():
    # ruleid: environment
    return os.getenv("HOST", "127.0.0.1")


def of_settings(settings):
    # ok: environment
    return settings.listen_port

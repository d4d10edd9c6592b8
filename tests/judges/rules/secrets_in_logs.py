def refuse(log, request, error):
    # ruleid: secrets_in_logs
    log.warning("refused", token=request.bearer)
    # ruleid: secrets_in_logs
    log.warning("refused", sent=str(request.headers))
    # ruleid: secrets_in_logs
    log.info("connected", by=settings.database_url)
    # ok: secrets_in_logs
    log.warning("refused", request_id=request.id, reason=str(error)[:500])

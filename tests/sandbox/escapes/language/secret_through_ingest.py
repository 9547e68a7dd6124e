# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because a stand-in has no channel

leak = ingest._port._channel

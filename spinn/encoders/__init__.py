"""Encoders: `encoder` is the contract, every other module one model or its base class."""

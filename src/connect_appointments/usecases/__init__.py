"""The use cases of owners and operators."""

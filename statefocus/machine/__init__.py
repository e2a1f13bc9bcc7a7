"""Machine files: definition, vocabulary, checking, engine, diagram."""

"""The linear model: hashed words, characters and findings of the grammar, added up by weights."""

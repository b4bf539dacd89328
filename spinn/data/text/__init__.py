"""Text data: readers, corpus, vocabulary, trees of sentences, cache."""

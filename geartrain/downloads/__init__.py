"""Getting files over the network, and keeping them: fetched, verified, extracted, each whole."""

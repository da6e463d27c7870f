"""Language models: what one is, and the client for those that speak OpenAI's chat protocol."""

"""An agent that is a language model, at the host that the environment names."""

from offhook import Agent, Limits, Texts

agent = Agent(
    name="Receptionist",
    greeting="Hill Street Dental.",
    instructions="You are the receptionist of a dental practice.",
    llm=["openai:gpt-4.1-mini", "openai:gpt-4.1-nano"],
    texts=Texts(fillers=()),
    limits=Limits(model_first_s=1.0, model_next_s=1.0),
)

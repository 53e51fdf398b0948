from faultlab.content.personal import Personal as Personal
from faultlab.content.personal import PersonalPrompt as PersonalPrompt
from faultlab.content.provider import ModelProvider as ModelProvider
from faultlab.content.schema import value_for as value_for

__all__ = ["ModelProvider", "Personal", "PersonalPrompt", "value_for"]

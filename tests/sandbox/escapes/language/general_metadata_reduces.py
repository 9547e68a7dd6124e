# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import asdict, dataclass

from pydantic import Field

General = type(Field(coerce_numbers_to_str=True).metadata[0])


@dataclass
class D:
    x: object


copied = asdict(D(General({"__deepcopy__": lambda memo: "poisoned"})))
leak = copied["x"]

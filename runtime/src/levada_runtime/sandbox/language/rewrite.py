"""What the policy puts in the place of a name that only a running connector can be asked about.

Where the owner is a plain name, compiled code asks the class of the owner first, which costs what a dictionary does;
the guard itself is called only about a class that it has not answered for.
"""

import ast

from RestrictedPython.transformer import copy_locations


def guarded_load(node: ast.Attribute) -> ast.expr:
    """`owner._name` or `owner.format`: through the guard, unless the owner's class is wholly the connector's."""
    call = _call("_getattr_", node.value, ast.Constant(node.attr))
    if not node.attr.startswith("_") or node.attr.startswith("__") or not isinstance(node.value, ast.Name):
        return _placed(call, node)
    return _placed(ast.IfExp(_kind_is_in("_mine_", node.value), node, call), node)


def guarded_write(node: ast.Attribute | ast.Subscript, *, reads: bool = False) -> ast.Attribute | ast.Subscript:
    """`owner.name = ...`, `owner[key] = ...`, `del ...`: on an owner that may be written to."""
    owner = node.value
    if reads and isinstance(node, ast.Attribute) and node.attr.startswith("_"):
        call, kinds = _call("_private_", owner, ast.Constant(node.attr)), "_mine_"
    else:
        call, kinds = _call("_write_", owner), "_known_"
    asked = ast.IfExp(_kind_is_in(kinds, owner), owner, call) if isinstance(owner, ast.Name) else call
    node.value = _placed(asked, owner)
    return node


def freezer(node: ast.expr) -> ast.expr:
    """`object.__setattr__`, with which a frozen class fills itself in."""
    return _placed(_name("_freeze_"), node)


def _kind_is_in(kinds: str, owner: ast.Name) -> ast.Compare:
    return ast.Compare(_call("_type_", _name(owner.id)), [ast.In()], [_name(kinds)])


def maker(node: ast.Attribute) -> ast.expr:
    """`super().__new__`, `str.__new__`: what makes instances of the connector's own classes."""
    return _placed(_call("_new_", node.value), node)


def made_checked(node: ast.FunctionDef) -> ast.FunctionDef:
    """`def __new__`: what it returns is looked at before anybody takes it for an instance."""
    node.decorator_list.insert(0, _placed(_name("_made_"), node))
    return node


def made_checked_value(value: ast.expr) -> ast.expr:
    """`__new__ = function` in a class body: the same."""
    return _placed(ast.Call(_name("_made_"), [value], []), value)


def parent(node: ast.Call) -> ast.Call:
    """`super(Own, self)`: for classes of the connector's own."""
    node.func = _placed(_name("_super_"), node.func)
    return node


def _call(guard: str, *values: ast.expr) -> ast.Call:
    return ast.Call(_name(guard), [_again(value) for value in values], [])


def _again(value: ast.expr) -> ast.expr:
    return _name(value.id) if isinstance(value, ast.Name) else value


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _placed(made: ast.expr, origin: ast.expr | ast.stmt) -> ast.expr:
    copy_locations(made, origin)
    return made

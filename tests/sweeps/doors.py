"""Every door to a deed, found and not typed: URLs, services, queued steps and API operations, each with its control.

A service's control is read from its source: the first `authorize(by, Control.X, ...)` that it reaches whatever its arguments
are, in its own body or in a function of ours that it calls on the way.
"""

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import billing.services
import controlhub.services
import partnerhub.services
from provisioning.registry import StepHandler, registered_kinds
from tenancy.access import CustomerView
from tenancy.policy import RESTRICTIONS, Control
from tests.sweeps.test_urls import SCOPED, Url

SERVICE_PACKAGES = (controlhub.services, partnerhub.services, billing.services)
OURS = ("api.", "controlhub.", "partnerhub.", "billing.", "provisioning.", "tenancy.")
Function = Callable[..., Any]
Guard = tuple[str, Function]


# -- URLs ----------------------------------------------------------------------------------------------------------------
def url_doors() -> list[Url]:
    """URLs of Control Hub whose control is restricted: pages, forms, parts, downloads, bulk actions."""
    inside = [url for url in SCOPED if url.view and issubclass(url.view, CustomerView)]
    return [url for url in inside if url.control in RESTRICTIONS]


# -- Services ------------------------------------------------------------------------------------------------------------
@cache
def services() -> tuple[Function, ...]:
    """Every public function of the services that takes the actor."""
    found = []
    for package in SERVICE_PACKAGES:
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = import_module(info.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                own = function.__module__ == module.__name__ and not name.startswith("_")
                if own and "by" in inspect.signature(function).parameters:
                    found.append(function)
    return tuple(found)


def guard_of(function: Function, seen: frozenset[Function] = frozenset()) -> Guard | None:
    """The expression of the control that is asked first on every way through, and the function that asks."""
    plain = inspect.unwrap(function)
    for call in _certain_calls(_body(plain)):
        if _named(call) == "authorize":
            return ast.unparse(call.args[1]), plain
        callee = _callee(call, plain)
        guard = guard_of(callee, seen | {plain}) if callee and callee not in seen else None
        if guard:
            return guard
    return None


def control_for(guard: Guard, arguments: dict[str, Any]) -> Control:
    """Which control a guard asks when the function is called with `arguments`."""
    expression, function = guard
    control: Control = eval(expression, dict(function.__globals__), arguments)  # noqa: S307  # our own source
    return control


def restricted_controls(guard: Guard) -> set[Control]:
    """The restricted controls that a guard can ask."""
    return {control for control in _controls_in(ast.parse(guard[0]), guard[1]) if control in RESTRICTIONS}


def service_doors() -> Iterator[tuple[Function, Guard]]:
    """Services whose first guard is, or may be, a restricted control."""
    for function in services():
        guard = guard_of(function)
        if guard and restricted_controls(guard):
            yield function, guard


def controls_asked(function: Function) -> set[Control]:
    """Every control that is asked anywhere on the ways through a function."""
    return {
        control
        for reached in _reached(inspect.unwrap(function))
        for call in _all_calls(reached)
        if _named(call) in ("authorize", "readable")
        for control in _controls_in(call.args[1], reached)
    }


# -- Queued steps --------------------------------------------------------------------------------------------------------
def step_doors() -> Iterator[tuple[str, str, StepHandler]]:
    """Kinds of steps with a restricted control of their own."""
    for kind, job_type in registered_kinds().items():
        for name, handler in job_type.steps.items():
            if handler.control in RESTRICTIONS:
                yield kind, name, handler


def deeds_behind_steps() -> dict[str, set[Control]]:
    """For each step's name the guards of the services that order it."""
    names = {name for job_type in registered_kinds().values() for name in job_type.steps}
    found: dict[str, set[Control]] = {name: set() for name in names}
    for function in services():
        guard = guard_of(function)
        if guard is None:
            continue
        asked = _controls_in(ast.parse(guard[0]), guard[1])
        for reached in _reached(inspect.unwrap(function)):
            if reached.__name__.startswith("push_"):
                texts = (node.value for node in ast.walk(_tree(reached)) if isinstance(node, ast.Constant))
                for name in names & {text for text in texts if isinstance(text, str)}:
                    found[name] |= asked
    return found


# -- Reading source ------------------------------------------------------------------------------------------------------
@cache
def _tree(function: Function) -> ast.FunctionDef:
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]  # type: ignore[return-value]


def _body(function: Function) -> list[ast.stmt]:
    return _tree(function).body


def _named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _certain_calls(statements: list[ast.stmt]) -> Iterator[ast.Call]:
    """Calls that happen whatever the arguments are: not those below an `if`, a loop or a `try`."""
    for statement in statements:
        if isinstance(statement, ast.With):
            yield from _certain_calls(statement.body)
        elif isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
            yield from _certain_in(statement)


def _certain_in(node: ast.AST) -> Iterator[ast.Call]:
    """Calls in an expression, innermost first, without what `and`, `or`, `if` and lambdas may leave out."""
    if isinstance(node, ast.BoolOp):
        yield from _certain_in(node.values[0])
    elif isinstance(node, ast.IfExp):
        yield from _certain_in(node.test)
    elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for child in ast.iter_child_nodes(node):
            yield from _certain_in(child)
        if isinstance(node, ast.Call):
            yield node


def _all_calls(function: Function) -> list[ast.Call]:
    return [node for node in ast.walk(_tree(function)) if isinstance(node, ast.Call)]


def _callee(call: ast.Call, caller: Function) -> Function | None:
    """The function of ours that is called, by its own name or as `module.name`."""
    names, found = caller.__globals__, None
    if isinstance(call.func, ast.Name):
        found = names.get(call.func.id)
    elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        module = names.get(call.func.value.id)
        found = getattr(module, call.func.attr, None) if isinstance(module, ModuleType) else None
    plain = inspect.unwrap(found) if callable(found) else None
    return plain if inspect.isfunction(plain) and plain.__module__.startswith(OURS) else None


@cache
def _reached(function: Function) -> frozenset[Function]:
    """The function and everything of ours that it may call."""
    found, waiting = {function}, [function]
    while waiting:
        caller = waiting.pop()
        for call in _all_calls(caller):
            callee = _callee(call, caller)
            if callee and callee not in found:
                found.add(callee)
                waiting.append(callee)
    return frozenset(found)


def _controls_in(tree: ast.AST, function: Function) -> set[Control]:
    """Controls that an expression names, itself or in a function of ours that it calls."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Control":
            found.add(Control[node.attr])
        elif isinstance(node, ast.Call):
            callee = _callee(node, function)
            found |= _controls_in(_tree(callee), callee) if callee else set()
    return found

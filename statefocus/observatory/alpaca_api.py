"""The Alpaca device and management interfaces over HTTP (ASCOM Alpaca API Reference; AlpacaDeviceAPI_v1.yaml)."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from statefocus.observatory import imagebytes
from statefocus.observatory.device import Device, Member
from statefocus.observatory.errors import AlpacaError, BadRequestError
from statefocus.observatory.observatory import Observatory
from statefocus.observatory.parameters import RequestParameters
from statefocus.profile.happenings import DeviceError

_INT32, _RANK = 2, 2
_NUMBER = re.compile(r"\d{1,10}")


@dataclass(frozen=True, slots=True)
class _Call:
    """One request to a device, understood."""

    device: Device
    member: Member
    arguments: tuple[Any, ...]
    client_transaction: int
    server_transaction: int
    wants_bytes: bool


class AlpacaApi:
    """Answers HTTP requests with an observatory's devices.

    Attributes
    ----------
    app
        The ASGI application.
    """

    def __init__(self, observatory: Observatory) -> None:
        self._observatory = observatory
        self._transactions = itertools.count(1)
        self.app = Starlette(
            routes=[
                Route("/api/v1/{kind}/{number}/{member}", self._on_device, methods=["GET", "PUT"]),
                Route("/management/apiversions", self._on_management, methods=["GET"]),
                Route("/management/v1/description", self._on_management, methods=["GET"]),
                Route("/management/v1/configureddevices", self._on_management, methods=["GET"]),
                Route("/setup", _on_setup, methods=["GET"]),
                Route("/setup/v1/{kind}/{number}/setup", _on_setup, methods=["GET"]),
                Route("/{rest:path}", _on_unknown, methods=["GET", "PUT"]),
            ]
        )

    async def _on_device(self, request: Request) -> Response:
        try:
            call = self._understood(request, await _parameters(request))
        except BadRequestError as error:
            return PlainTextResponse(str(error), status_code=400)
        try:
            with self._observatory.lock:
                self._refuse_if_broken(call)
                value = call.device.call(call.member, *call.arguments)
        except AlpacaError as error:
            return _refusal(call, error)
        return _answer(call, value)

    def _understood(self, request: Request, parameters: RequestParameters) -> _Call:
        kind, number, name = (request.path_params[key] for key in ("kind", "number", "member"))
        device = self._observatory.devices.get(kind)
        if device is None:
            raise BadRequestError(f"there is no device type {kind!r}")
        if not _NUMBER.fullmatch(number) or int(number) != 0:
            raise BadRequestError(f"there is no {kind} number {number}")
        member = device.member(request.method, name)
        if member is None:
            raise BadRequestError(f"{kind} has no member {name!r} for {request.method}")
        parameters.transaction("ClientID")
        client_transaction = parameters.transaction("ClientTransactionID")
        arguments = parameters.arguments(member.parameters)
        wants_bytes = member.name == "ImageArray" and imagebytes.MEDIA_TYPE in request.headers.get("accept", "").lower()
        return _Call(device, member, arguments, client_transaction, next(self._transactions), wants_bytes)

    def _refuse_if_broken(self, call: _Call) -> None:
        if call.member.always and call.device.kind != "safetymonitor":
            return
        for broken in self._observatory.happenings.active(DeviceError, self._observatory.now()):
            if broken.device == call.device.kind:
                raise AlpacaError(broken.number, broken.message)

    async def _on_management(self, request: Request) -> Response:
        try:
            client_transaction = (await _parameters(request)).transaction("ClientTransactionID")
        except BadRequestError as error:
            return PlainTextResponse(str(error), status_code=400)
        answers: dict[str, Any] = {
            "apiversions": [1],
            "description": _server_description(),
            "configureddevices": [_configured(device) for device in self._observatory.devices.values()],
        }
        value = answers[request.url.path.rsplit("/", 1)[1]]
        ids = {"ClientTransactionID": client_transaction, "ServerTransactionID": next(self._transactions)}
        return _json({"Value": value} | ids | {"ErrorNumber": 0, "ErrorMessage": ""})


async def _parameters(request: Request) -> RequestParameters:
    if request.method == "PUT":
        return RequestParameters.from_form(await request.body())
    return RequestParameters.from_query(request.url.query)


async def _on_setup(_request: Request) -> Response:
    return HTMLResponse(
        "<!doctype html><title>statefocus observatory</title><h1>statefocus observatory</h1>"
        "<p>A simulated observatory. Its settings are in the profile, section [observatory].</p>"
    )


async def _on_unknown(request: Request) -> Response:
    return PlainTextResponse(f"there is nothing at {request.url.path}", status_code=400)


def _server_description() -> dict[str, str]:
    return {
        "ServerName": "statefocus observatory",
        "Manufacturer": "The statefocus authors",
        "ManufacturerVersion": "1.0",
        "Location": "simulated",
    }


def _configured(device: Device) -> dict[str, Any]:
    return {
        "DeviceName": device.name(),
        "DeviceType": device.type_name,
        "DeviceNumber": 0,
        "UniqueID": str(uuid5(NAMESPACE_DNS, f"{device.kind}.observatory.statefocus")),
    }


def _answer(call: _Call, value: Any) -> Response:
    if isinstance(value, np.ndarray):
        if call.wants_bytes:
            body = imagebytes.image_bytes(value, call.client_transaction, call.server_transaction)
            return Response(body, media_type=imagebytes.MEDIA_TYPE)
        return _json({"Type": _INT32, "Rank": _RANK, "Value": value.tolist()} | _tail(call))
    has_value = call.member.method == "GET"
    return _json(({"Value": value} if has_value else {}) | _tail(call))


def _refusal(call: _Call, error: AlpacaError) -> Response:
    if call.wants_bytes:
        body = imagebytes.error_bytes(error.number, error.message, call.client_transaction, call.server_transaction)
        return Response(body, media_type=imagebytes.MEDIA_TYPE)
    return _json(_tail(call, error.number, error.message))


def _tail(call: _Call, number: int = 0, message: str = "") -> dict[str, Any]:
    return {
        "ClientTransactionID": call.client_transaction,
        "ServerTransactionID": call.server_transaction,
        "ErrorNumber": number,
        "ErrorMessage": message,
    }


def _json(content: dict[str, Any]) -> Response:
    """Return JSON; NaN, which a failed sensor reads, is written as other Alpaca servers write it."""
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")

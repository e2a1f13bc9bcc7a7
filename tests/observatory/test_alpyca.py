"""The real client: every device through alpyca, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from alpaca import exceptions, management
from alpaca.camera import Camera, CameraStates, SensorType
from alpaca.filterwheel import FilterWheel
from alpaca.focuser import Focuser
from alpaca.observingconditions import ObservingConditions
from alpaca.safetymonitor import SafetyMonitor
from alpaca.telescope import PierSide, Telescope, TelescopeAxes

from statefocus.observatory import Server

from .night import Night

Make = Callable[..., Any]


def test_common_members(served: tuple[Night, Server], client: Make) -> None:
    for kind, version in (
        (Camera, 4),
        (FilterWheel, 3),
        (Focuser, 4),
        (ObservingConditions, 2),
        (SafetyMonitor, 3),
        (Telescope, 4),
    ):
        device = client(kind, served[1])
        device.Connect()
        assert (device.Connecting, device.Connected, device.InterfaceVersion) == (False, True, version)
        assert kind.__name__ in device.Name
        assert device.Description
        assert device.DriverInfo
        assert device.DriverVersion
        assert device.SupportedActions == []
        assert device.DeviceState
        with pytest.raises(exceptions.ActionNotImplementedException):
            device.Action("fly")
        device.Disconnect()
        assert device.Connected is False


def test_camera(served: tuple[Night, Server], client: Make) -> None:
    n, server = served
    camera = client(Camera, server)
    assert camera.SensorType == SensorType.Monochrome
    camera.Gain = 50
    camera.BinX = 2
    assert (camera.NumX, camera.NumY) == (128, 96)
    camera.BinX = 1
    camera.NumX = 200
    camera.StartExposure(3.0, True)
    assert camera.CameraState == CameraStates.cameraExposing
    with pytest.raises(exceptions.InvalidOperationException):
        camera.StartExposure(3.0, True)
    n.clock.sleep(5.0)
    assert camera.ImageReady
    raw = np.array(camera.ImageArrayRaw).reshape(200, 192)
    assert (camera.ImageArrayInfo.Dimension1, camera.ImageArrayInfo.Dimension2) == (200, 192)
    assert np.array_equal(raw, np.array(camera.ImageArray))
    assert camera.LastExposureDuration == 3.0
    camera.NumX, camera.Gain = 256, 0
    with pytest.raises(exceptions.NotImplementedException):
        _ = camera.Offset
    with pytest.raises(exceptions.InvalidValueException):
        camera.BinX = 9


def test_focuser(served: tuple[Night, Server], client: Make) -> None:
    n, server = served
    focuser = client(Focuser, server)
    assert (focuser.Absolute, focuser.MaxStep, focuser.StepSize) == (True, 50_000, 4.0)
    focuser.Move(focuser.Position + 500)
    assert focuser.IsMoving
    n.clock.sleep(2.0)
    assert not focuser.IsMoving
    focuser.TempComp = True
    assert focuser.TempComp
    focuser.TempComp = False
    assert 0 < focuser.Temperature < 20


def test_filter_wheel(served: tuple[Night, Server], client: Make) -> None:
    n, server = served
    wheel = client(FilterWheel, server)
    assert wheel.Names == ["L", "R", "B"] == list(n.observatory.filter_names)
    assert len(wheel.FocusOffsets) == 3
    wheel.Position = 2
    assert wheel.Position == -1
    n.clock.sleep(5.0)
    assert wheel.Position == 2
    wheel.Position = 0
    n.clock.sleep(5.0)


def test_telescope(served: tuple[Night, Server], client: Make) -> None:
    n, server = served
    mount = client(Telescope, server)
    side = mount.SideOfPier
    mount.SideOfPier = PierSide.pierEast if side == PierSide.pierWest else PierSide.pierWest
    assert mount.Slewing
    n.clock.sleep(61.0)
    assert mount.SideOfPier != side
    assert mount.DestinationSideOfPier(mount.RightAscension, mount.Declination) in {0, 1}
    mount.SlewToCoordinatesAsync(mount.RightAscension, 40.0)
    n.clock.sleep(100.0)
    assert mount.Declination == 40.0
    mount.Park()
    n.clock.sleep(30.0)
    with pytest.raises(exceptions.ParkedException):
        mount.SlewToTargetAsync()
    mount.Unpark()
    mount.Tracking = True
    assert mount.CanMoveAxis(TelescopeAxes.axisPrimary) is False
    assert mount.AxisRates(TelescopeAxes.axisPrimary) == []
    assert mount.UTCDate.timestamp() == pytest.approx(n.clock.t, abs=0.01)


def test_conditions_and_safety(served: tuple[Night, Server], client: Make) -> None:
    _, server = served
    conditions = client(ObservingConditions, server)
    assert 0 < conditions.Temperature < 13
    assert 50 < conditions.Humidity <= 100
    assert "shield" in conditions.SensorDescription("Temperature")
    assert conditions.TimeSinceLastUpdate("Humidity") == 0
    with pytest.raises(exceptions.NotImplementedException):
        _ = conditions.RainRate
    with pytest.raises(exceptions.InvalidValueException):
        conditions.SensorDescription("Mood")
    safety = client(SafetyMonitor, server)
    assert safety.IsSafe
    safety.Connected = False
    assert not safety.IsSafe


def test_management(served: tuple[Night, Server]) -> None:
    assert management.apiversions(served[1].address) == [1]
    assert len(management.configureddevices(served[1].address)) == 6

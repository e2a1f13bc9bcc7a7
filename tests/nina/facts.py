"""What the published specification of the Advanced API says of the answers and events that are used, as small tables.

A type stands for a value, a table for an object (each of its fields may be missing), a list for a list, a tuple for one
of several. `EXTRA` is what the plug-in sends beyond its specification. Of api_spec.yaml 2.2.15, websocket_spec.yaml
2.2.13.
"""

from __future__ import annotations

from typing import Any

Fact = Any

POINT: Fact = {"Position": float, "Value": float, "Error": float}
STATISTICS: Fact = {
    "ExposureTime": float, "Filter": str, "RmsText": str, "CameraName": str, "Gain": float, "Offset": float,
    "Date": str, "TelescopeName": str, "FocalLength": float, "StDev": float, "Mean": float, "Median": float,
    "Stars": float, "HFR": float, "IsBayered": bool, "Min": float, "Max": float, "HFRStDev": float, "TargetName": str,
    "Filename": str,
}  # fmt: skip
SAVED: Fact = {**STATISTICS, "Index": float, "Temperature": float}
FILTER: Fact = {"Name": str}
DEVICE: Fact = {"Connected": bool, "Name": str, "DisplayName": str, "Description": str, "DriverInfo": str,
                "DriverVersion": str, "DeviceId": str}  # fmt: skip

ANSWERS: dict[str, Fact] = {
    "/version": str,
    "/event-history": [{"Event": str, "Time": str}],
    "/sequence/json": [{"Conditions": [object], "Items": [object], "Triggers": [object], "Status": str, "Name": str}],
    "/equipment/focuser/info": {
        **DEVICE, "Position": int, "StepSize": int, "Temperature": float, "IsMoving": bool, "IsSettling": bool,
        "TempComp": bool, "TempCompAvailable": bool, "SupportedActions": [object],
    },
    "/equipment/focuser/last-af": {
        "Version": int, "Filter": str, "AutoFocuserName": str, "StarDetectorName": str, "Timestamp": str,
        "Temperature": float, "Method": str, "Fitting": str, "InitialFocusPoint": POINT, "CalculatedFocusPoint": POINT,
        "PreviousFocusPoint": POINT, "MeasurePoints": [POINT], "Duration": str,
    },
    "/equipment/guider/info": {
        **DEVICE, "CanClearCalibration": bool, "CanSetShiftRate": bool, "CanGetLockPosition": bool,
        "SupportedActions": [object], "RMSError": object, "PixelScale": float, "LastGuideStep": object, "State": str,
    },
    "/equipment/guider/start": str,
    "/equipment/guider/stop": str,
    "/equipment/safetymonitor/info": {**DEVICE, "IsSafe": bool, "SupportedActions": [object]},
    "/equipment/mount/info": {
        "TrackingEnabled": bool, "AtPark": bool, "TimeToMeridianFlip": float, "SideOfPier": str, "Connected": bool,
        "Name": str, "DisplayName": str, "DeviceId": str,
    },
    "/equipment/camera/info": {
        "Connected": bool, "Name": str, "BinX": int, "BinY": int, "IsExposing": bool, "CameraState": str,
    },
    "/equipment/camera/set-binning": str,
    "/equipment/camera/abort-exposure": str,
    "/equipment/camera/capture": (str, {"Image": str}),
    "/image-history": (int, [{**STATISTICS, "ImageType": str, "Temperature": str}]),
    "/image/{index}": str,
}  # fmt: skip

QUERIES: dict[str, dict[str, Fact]] = {
    "/equipment/camera/capture": {
        "duration": float, "gain": float, "imageType": str, "targetName": str, "save": bool, "onlySaveRaw": bool,
        "skipAutoStretch": bool,
    },
    "/equipment/camera/set-binning": {"binning": str},
    "/equipment/guider/start": {"calibrate": bool},
    "/image-history": {"count": bool, "imageType": str},
    "/image/{index}": {"raw_fits": bool, "imageType": str},
}  # fmt: skip

SIMPLE = (
    "API-CAPTURE-FINISHED", "AUTOFOCUS-FINISHED", "AUTOFOCUS-STARTING", "CAMERA-DISCONNECTED",
    "CAMERA-DOWNLOAD-TIMEOUT", "FOCUSER-CONNECTED", "FOCUSER-DISCONNECTED", "FOCUSER-USER-FOCUSED", "GUIDER-DITHER",
    "IMAGE-PREPARED", "MOUNT-BEFORE-FLIP", "MOUNT-AFTER-FLIP", "MOUNT-CENTER", "SEQUENCE-STARTING",
    "SEQUENCE-FINISHED", "ERROR-AF",
)  # fmt: skip
EVENTS: dict[str, Fact] = {
    **{name: {} for name in SIMPLE},
    "IMAGE-SAVE": {"ImageStatistics": SAVED},
    "AUTOFOCUS-POINT-ADDED": {"ImageStatistics": {"Position": float, "HFR": float}},
    "FILTERWHEEL-CHANGED": {"Previous": FILTER, "New": FILTER},
    "SAFETY-CHANGED": {"IsSafe": bool},
}
EXTRA = {
    "IMAGE-SAVE": {"ImageStatistics": {"ImageType": str}},
    "AUTOFOCUS-POINT-ADDED": {"Position": float, "HFR": float},
}


def amiss(value: object, fact: Fact, where: str) -> list[str]:
    """Tell in what a value is not what the specification says."""
    if isinstance(fact, tuple):
        tried = [amiss(value, one, where) for one in fact]
        return [] if [] in tried else tried[0]
    if isinstance(fact, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [said for one in value for said in amiss(one, fact[0], f"{where}[]")]
    if isinstance(fact, dict):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        unknown = [f"{where} has no {name}" for name in value if name not in fact]
        return unknown + [
            said for name in value if name in fact for said in amiss(value[name], fact[name], f"{where}.{name}")
        ]
    if fact is float and isinstance(value, int) and not isinstance(value, bool):
        return []
    wrong = not isinstance(value, fact) or (fact is int and isinstance(value, bool))
    return [f"{where} is {value!r}, and no {fact.__name__}"] if wrong else []

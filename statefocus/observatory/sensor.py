"""The camera's sensor: what part is read, how, and how cold it is; the half of ICameraV4 that takes no time."""

from __future__ import annotations

from typing import Any

from statefocus.observatory.device import Clock, Device, commands, reads
from statefocus.observatory.errors import NOT_IMPLEMENTED, AlpacaError, require_range
from statefocus.observatory.sky import Window
from statefocus.observatory.weather import Weather
from statefocus.profile.observatory import ObservatoryCamera

EXPOSURE_MAX_S = 3600.0
_GAIN_MAX = 300
_COOLER_REACH_C = 35.0
_SENSOR_ABOVE_AMBIENT_C = 4.0


def electrons_per_adu(settings: ObservatoryCamera, gain: int) -> float:
    """Return electrons a unit of the converter, at a gain in tenths of a decibel."""
    return settings.electrons_per_adu * float(10.0 ** (-gain / 200.0))


class SensorDevice(Device):
    """A monochrome sensor with binning, subframes, gain and a cooler.

    Parameters
    ----------
    settings, now
        The camera, the clock.
    weather
        For the cooler.
    """

    def __init__(self, settings: ObservatoryCamera, now: Clock, weather: Weather) -> None:
        self._settings = settings
        self._weather = weather
        self._binning, self._gain, self._fast = 1, 0, False
        self._start_x, self._start_y, self._num_x, self._num_y = 0, 0, settings.width_px, settings.height_px
        self._cooler_on, self._set_point_c = True, -10.0
        super().__init__(now, _fixed(settings))

    @reads("BinX")
    def bin_x(self) -> int:
        """Return the binning."""
        return self._binning

    @reads("BinY")
    def bin_y(self) -> int:
        """Return the binning."""
        return self._binning

    @commands("BinX", BinX=int)
    def set_bin_x(self, binning: int) -> None:
        """Set the binning of both axes; the subframe becomes the whole sensor."""
        require_range("Bin", binning, 1, self._settings.max_binning)
        if binning != self._binning:
            self._binning = binning
            self._start_x = self._start_y = 0
            self._num_x = self._settings.width_px // binning
            self._num_y = self._settings.height_px // binning

    @commands("BinY", BinY=int)
    def set_bin_y(self, binning: int) -> None:
        """Set the binning of both axes."""
        self.set_bin_x(binning)

    @reads("NumX")
    def num_x(self) -> int:
        """Return the subframe's width, in binned pixels."""
        return self._num_x

    @reads("NumY")
    def num_y(self) -> int:
        """Return the subframe's height, in binned pixels."""
        return self._num_y

    @reads("StartX")
    def start_x(self) -> int:
        """Return the subframe's left edge, in binned pixels."""
        return self._start_x

    @reads("StartY")
    def start_y(self) -> int:
        """Return the subframe's top edge, in binned pixels."""
        return self._start_y

    @commands("NumX", NumX=int)
    def set_num_x(self, pixels: int) -> None:
        """Set the subframe's width; checked when an exposure starts, as the standard has it."""
        self._num_x = pixels

    @commands("NumY", NumY=int)
    def set_num_y(self, pixels: int) -> None:
        """Set the subframe's height."""
        self._num_y = pixels

    @commands("StartX", StartX=int)
    def set_start_x(self, pixels: int) -> None:
        """Set the subframe's left edge."""
        self._start_x = pixels

    @commands("StartY", StartY=int)
    def set_start_y(self, pixels: int) -> None:
        """Set the subframe's top edge."""
        self._start_y = pixels

    @reads("Gain")
    def gain(self) -> int:
        """Return the gain, in tenths of a decibel."""
        return self._gain

    @commands("Gain", Gain=int)
    def set_gain(self, gain: int) -> None:
        """Set the gain."""
        require_range("Gain", gain, 0, _GAIN_MAX)
        self._gain = gain

    @reads("ElectronsPerADU")
    def electrons(self) -> float:
        """Return electrons a unit, at the present gain."""
        return electrons_per_adu(self._settings, self._gain)

    @reads("FullWellCapacity")
    def full_well(self) -> float:
        """Return the electrons at which a pixel saturates."""
        return self._settings.full_well_electrons

    @reads("FastReadout")
    def fast_readout(self) -> bool:
        """Return whether frames are read fast."""
        self._need_fast_readout()
        return self._fast

    @commands("FastReadout", FastReadout=bool)
    def set_fast_readout(self, fast: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Choose fast read-out."""
        self._need_fast_readout()
        self._fast = fast

    def _need_fast_readout(self) -> None:
        if not self._settings.fast_readout:
            raise AlpacaError(NOT_IMPLEMENTED, "this camera has no fast read-out")

    @reads("ReadoutMode")
    def readout_mode(self) -> int:
        """Return the only mode."""
        return 0

    @commands("ReadoutMode", ReadoutMode=int)
    def set_readout_mode(self, mode: int) -> None:
        """Accept the only mode."""
        require_range("ReadoutMode", mode, 0, 0)

    # --- cooling ---------------------------------------------------------------------------------------------------

    @reads("CoolerOn")
    def cooler_on(self) -> bool:
        """Return whether the cooler runs."""
        return self._cooler_on

    @commands("CoolerOn", CoolerOn=bool)
    def set_cooler_on(self, on: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Switch the cooler."""
        self._cooler_on = on

    @reads("SetCCDTemperature")
    def set_point(self) -> float:
        """Return the cooler's target, in degrees Celsius."""
        return self._set_point_c

    @commands("SetCCDTemperature", SetCCDTemperature=float)
    def change_set_point(self, celsius: float) -> None:
        """Set the cooler's target."""
        require_range("SetCCDTemperature", celsius, -60.0, 50.0)
        self._set_point_c = celsius

    def _uncooled_c(self) -> float:
        return self._weather.ambient_c(self._now()) + _SENSOR_ABOVE_AMBIENT_C

    @reads("CCDTemperature")
    def ccd_temperature(self) -> float:
        """Return the sensor's temperature; the cooler reaches 35 degrees below the uncooled sensor."""
        uncooled = self._uncooled_c()
        cooled = min(max(self._set_point_c, uncooled - _COOLER_REACH_C), uncooled)
        return round(cooled if self._cooler_on else uncooled, 1)

    @reads("CoolerPower")
    def cooler_power(self) -> float:
        """Return the cooler's power, in percent."""
        return round(max(0.0, (self._uncooled_c() - self.ccd_temperature()) / _COOLER_REACH_C * 100.0), 1)

    def _window(self) -> Window:
        binning, settings = self._binning, self._settings
        columns, rows = settings.width_px // binning, settings.height_px // binning
        require_range("StartX", self._start_x, 0, columns - 1)
        require_range("StartY", self._start_y, 0, rows - 1)
        require_range("NumX", self._num_x, 1, columns - self._start_x)
        require_range("NumY", self._num_y, 1, rows - self._start_y)
        return Window(
            start_x=self._start_x * binning,
            start_y=self._start_y * binning,
            width=self._num_x * binning,
            height=self._num_y * binning,
            binning=binning,
        )


def _fixed(settings: ObservatoryCamera) -> dict[str, Any]:
    capabilities = {
        "CanAbortExposure": True,
        "CanAsymmetricBin": False,
        "CanFastReadout": settings.fast_readout,
        "CanGetCoolerPower": True,
        "CanPulseGuide": False,
        "CanSetCCDTemperature": True,
        "CanStopExposure": True,
        "HasShutter": False,
    }
    return capabilities | {
        "CameraXSize": settings.width_px,
        "CameraYSize": settings.height_px,
        "ExposureMax": EXPOSURE_MAX_S,
        "ExposureMin": 0.0,
        "ExposureResolution": 0.001,
        "GainMax": _GAIN_MAX,
        "GainMin": 0,
        "MaxADU": 65535,
        "MaxBinX": settings.max_binning,
        "MaxBinY": settings.max_binning,
        "PixelSizeX": settings.pixel_um,
        "PixelSizeY": settings.pixel_um,
        "ReadoutModes": ["Normal"],
        "SensorName": "simulated CMOS",
        "SensorType": 0,
    }

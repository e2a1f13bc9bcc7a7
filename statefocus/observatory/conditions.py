"""The weather station (IObservingConditionsV2) and the safety monitor (ISafetyMonitorV3)."""

from __future__ import annotations

from typing import ClassVar

from statefocus.observatory.device import Clock, Device, commands, reads
from statefocus.observatory.errors import INVALID_VALUE, NOT_IMPLEMENTED, AlpacaError, require_range
from statefocus.observatory.focuser import failed_reading
from statefocus.observatory.happenings import Happenings
from statefocus.observatory.weather import Weather
from statefocus.profile.happenings import SensorFailed, Unsafe

_SENSORS = {
    "cloudcover": "cloud cover by infrared sky temperature, percent",
    "dewpoint": "dew point, computed from temperature and humidity",
    "humidity": "relative humidity, percent",
    "skyquality": "sky quality meter, magnitudes per square arcsecond",
    "skytemperature": "infrared thermometer, degrees Celsius",
    "starfwhm": "seeing monitor, arcseconds",
    "temperature": "thermometer in a radiation shield, degrees Celsius",
    "windspeed": "anemometer, metres per second",
}
_CLEAR_SKY_MAGNITUDES = 21.2


class ObservingConditions(Device):
    """A weather station."""

    kind: ClassVar = "observingconditions"
    type_name: ClassVar = "ObservingConditions"
    interface_version: ClassVar = 2
    state: ClassVar = (
        "CloudCover",
        "DewPoint",
        "Humidity",
        "SkyQuality",
        "SkyTemperature",
        "StarFWHM",
        "Temperature",
        "WindSpeed",
    )
    absent_reads: ClassVar = ("Pressure", "RainRate", "SkyBrightness", "WindDirection", "WindGust")

    def __init__(self, now: Clock, weather: Weather, happenings: Happenings) -> None:
        self._weather = weather
        self._happenings = happenings
        super().__init__(now, {"AveragePeriod": 0.0})

    @commands("AveragePeriod", AveragePeriod=float)
    def set_average_period(self, hours: float) -> None:
        """Accept 0, the only period: readings are instantaneous."""
        require_range("AveragePeriod", hours, 0.0, 0.0)

    @commands("Refresh")
    def refresh(self) -> None:
        """Do nothing: readings are always new."""

    @reads("Temperature")
    def temperature(self) -> float:
        """Return the ambient temperature, in degrees Celsius."""
        t = self._now()
        for failed in self._happenings.active(SensorFailed, t):
            if failed.sensor == "external":
                return failed_reading(failed)
        return round(self._weather.ambient_c(t), 2)

    @reads("Humidity")
    def humidity(self) -> float:
        """Return the relative humidity, in percent."""
        return round(self._weather.humidity_percent(self._now()), 1)

    @reads("DewPoint")
    def dew_point(self) -> float:
        """Return the dew point, in degrees Celsius."""
        return round(self._weather.dew_point_c(self._now()), 2)

    @reads("CloudCover")
    def cloud_cover(self) -> float:
        """Return the share of light that clouds take, in percent."""
        return round(100.0 * (1.0 - self._weather.transparency(self._now())), 1)

    @reads("SkyQuality")
    def sky_quality(self) -> float:
        """Return the brightness of the sky, in magnitudes per square arcsecond."""
        return round(_CLEAR_SKY_MAGNITUDES - 0.03 * self.cloud_cover(), 2)

    @reads("SkyTemperature")
    def sky_temperature(self) -> float:
        """Return the infrared temperature of the sky; 22 degrees below the air, less under clouds."""
        return round(self._weather.ambient_c(self._now()) - 22.0 + 0.2 * self.cloud_cover(), 2)

    @reads("StarFWHM")
    def star_fwhm(self) -> float:
        """Return the seeing, in arcseconds."""
        return round(self._weather.mean_seeing_arcsec(self._now()), 2)

    @reads("WindSpeed")
    def wind_speed(self) -> float:
        """Return the wind speed, in metres per second."""
        return round(self._weather.wind_m_per_s(self._now()), 2)

    @reads("SensorDescription", SensorName=str)
    def sensor_description(self, sensor: str) -> str:
        """Return what measures a quantity."""
        return _SENSORS[self._known(sensor)]

    @reads("TimeSinceLastUpdate", SensorName=str)
    def time_since_last_update(self, sensor: str) -> float:
        """Return 0 s: readings are always new; an empty name asks for any sensor."""
        if sensor:
            self._known(sensor)
        return 0.0

    def _known(self, sensor: str) -> str:
        name = sensor.lower()
        if name in _SENSORS:
            return name
        if name in map(str.lower, self.absent_reads):
            raise AlpacaError(NOT_IMPLEMENTED, f"this station has no sensor for {sensor}")
        raise AlpacaError(INVALID_VALUE, f"there is no sensor name {sensor!r}")


class SafetyMonitor(Device):
    """A safety monitor that is content unless the script says otherwise."""

    kind: ClassVar = "safetymonitor"
    type_name: ClassVar = "SafetyMonitor"
    interface_version: ClassVar = 3
    state: ClassVar = ("IsSafe",)

    def __init__(self, now: Clock, happenings: Happenings) -> None:
        self._happenings = happenings
        super().__init__(now, {})

    @reads("IsSafe", always=True)
    def is_safe(self) -> bool:
        """Return whether it is safe to observe; never without a connection."""
        return self._connected and not self._happenings.active(Unsafe, self._now())

# The same for PowerShell:  powershell -File nina-before-exposure.ps1 -Filter L -Seconds 300
param([string]$Filter = "", [double]$Seconds = 0)
$words = @("gate", "--host", "nina", "--frame", "light")
if ($Filter) { $words += @("--filter", $Filter) }
if ($Seconds -gt 0) { $words += @("--exposure", $Seconds.ToString([cultureinfo]::InvariantCulture)) }
& statefocus @words
exit $LASTEXITCODE

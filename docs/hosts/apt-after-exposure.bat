@echo off
rem APT: the "Script" of each line of a plan, with "Wait script to end" checked. APT runs it after each exposure of the
rem line, and takes the next one when it ends. Give it the line's filter and seconds:  apt-after-exposure.bat L 300
set FILTER=%~1
set SECONDS_EACH=%~2
statefocus notify frame-saved
if "%SECONDS_EACH%"=="" (
    statefocus gate --host apt --frame light --filter "%FILTER%"
) else (
    statefocus gate --host apt --frame light --filter "%FILTER%" --exposure %SECONDS_EACH%
)
exit /b %ERRORLEVEL%

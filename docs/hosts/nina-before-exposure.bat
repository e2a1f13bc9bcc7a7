@echo off
rem N.I.N.A.: an External Script instruction right before Take Exposure, in the same loop. The sequence waits for it; an
rem exit code that is not 0 marks the instruction as failed, and its error behaviour decides what follows.
rem   "C:\statefocus\nina-before-exposure.bat" L 300
set FILTER=%~1
set SECONDS_EACH=%~2
if "%SECONDS_EACH%"=="" (
    statefocus gate --host nina --frame light --filter "%FILTER%"
) else (
    statefocus gate --host nina --frame light --filter "%FILTER%" --exposure %SECONDS_EACH%
)
exit /b %ERRORLEVEL%

@echo off
rem Tallys one command: builds the program and runs it. See tally --help.
setlocal
where dotnet >nul 2>nul || (echo tally: there is no dotnet on the PATH. Install the .NET 10 SDK, then try again. 1>&2 & exit /b 3)
dotnet build "%~dp0src\Tally.AppHost" -c Release -nologo -v quiet 1>&2 || exit /b 3
"%~dp0artifacts\bin\Tally.AppHost\release\Tally.AppHost.exe" %*
exit /b %ERRORLEVEL%

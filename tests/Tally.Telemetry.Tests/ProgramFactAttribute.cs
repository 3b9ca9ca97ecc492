namespace Tally.Telemetry.Tests;

/// <summary>A fact that needs a program on the PATH, and is skipped where it's missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramFactAttribute : FactAttribute
{
    /// <param name="program">The program.</param>
    /// <param name="package">Debian's package that brings it.</param>
    public ProgramFactAttribute(string program, string package)
    {
        (Program, Package) = (program, package);
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!Array.Exists(folders, folder => File.Exists(Path.Combine(folder, program))))
        {
            Skip = $"{program} is not on the PATH (apt-get install {package}).";
        }
    }

    public string Program { get; }

    public string Package { get; }
}

using Tally.AppHost.Hosting;

namespace Tally.TestSupport;

/// <summary>Data folders of test systems: they go when the system stops, or the test process ends in whatever way.</summary>
public static class TestFolders
{
    /// <summary>Settings of a system on free ports in a folder of its own that is thrown away afterwards.</summary>
    /// <param name="parts">What it is made of.</param>
    public static SystemSettings Settings(SystemParts parts) =>
        SystemSettings.FromEnvironment(Path.Combine(Path.GetTempPath(), $"tally-test-{Guid.NewGuid():N}")) with
        {
            Parts = parts,
            Ports = WantedPorts.Free,
            Temporary = true,
        };
}

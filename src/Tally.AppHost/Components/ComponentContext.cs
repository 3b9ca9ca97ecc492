using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Components;

/// <summary>What components share.</summary>
/// <param name="Folder">The system's folder.</param>
/// <param name="Cache">Where tools are kept.</param>
/// <param name="Reporter">Told what happens.</param>
internal sealed record ComponentContext(SystemFolder Folder, ToolCache Cache, IStartReporter Reporter)
{
    /// <summary>The wanted port, or a free one, which is said.</summary>
    /// <param name="wanted">The wanted port; 0 is any.</param>
    /// <param name="what">What it's for.</param>
    public int Port(int wanted, string what)
    {
        var port = Ports.Choose(wanted);
        if (wanted != 0 && port != wanted)
        {
            Reporter.Notice($"Port {wanted} is taken, so {what} is at {port}.");
        }

        return port;
    }
}

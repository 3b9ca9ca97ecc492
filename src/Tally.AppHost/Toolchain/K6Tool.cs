namespace Tally.AppHost.Toolchain;

/// <summary>The k6 on the path.</summary>
/// <param name="Program">Where it is.</param>
/// <param name="Version">Which version it says it is.</param>
internal sealed record K6Tool(string Program, string Version)
{
    /// <summary>What to do when it's missing.</summary>
    public const string HowToGet = "See https://grafana.com/docs/k6/latest/set-up/install-k6/; ./tally load works without it, too.";

    /// <summary>Looks for it.</summary>
    /// <returns>Null when there is none.</returns>
    public static async Task<K6Tool?> TryFindAsync(CancellationToken cancellationToken)
    {
        if (SearchPath.Find("k6") is not { } program)
        {
            return null;
        }

        // "k6 v1.8.1 (go1.26.8, linux/amd64)"
        var said = (await ToolRun.RunAsync(program, ["version"], cancellationToken)).OrThrow("k6", $"'{program}' doesn't say its version.").Output;
        return new K6Tool(program, said is [var line, ..] && line.Split(' ') is [_, var version, ..] ? version.TrimStart('v') : "of an unknown version");
    }
}

using System.Security.Cryptography;
using System.Text;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>Where a Grafana is, and how its server is started.</summary>
/// <param name="Program">Its program, or Docker's.</param>
/// <param name="Home">The folder with its own files (<c>conf</c>, <c>public</c>); null leaves it to Grafana to find them.</param>
/// <param name="IsDocker">Whether it runs in a container.</param>
internal sealed record GrafanaTool(string Program, string? Home, bool IsDocker)
{
    /// <summary>What to do when it's missing.</summary>
    public const string HowToGet =
        "Get Grafana 11 or later (grafana.com/grafana/download), and put grafana on the PATH or name its folder in GRAFANA_HOME; or let Docker fetch it: ./tally up --grafana docker.";

    /// <summary>What Docker fetches.</summary>
    public const string Image = "grafana/grafana:12.0.2";

    /// <summary>What it says of where it comes from.</summary>
    public string Source => IsDocker ? $"Docker {Image}" : Program;

    /// <summary>The value of <c>GRAFANA_HOME</c>, or null.</summary>
    public static string? NamedHome => Environment.GetEnvironmentVariable("GRAFANA_HOME") is { Length: > 0 } home ? home : null;

    /// <summary>The one that was chosen, or null when there is none.</summary>
    /// <exception cref="SystemProblemException">The one that was asked for isn't there.</exception>
    public static GrafanaTool? Find(GrafanaChoice choice) => choice switch
    {
        GrafanaChoice.Off => null,
        GrafanaChoice.Docker => SearchPath.Find("docker") is { } docker
            ? new GrafanaTool(docker, null, IsDocker: true)
            : throw new SystemProblemException("grafana", "Grafana is to come from Docker, but docker isn't on the PATH. Install it, or leave --grafana docker out."),
        _ => NamedHome is { } home ? FromHome(home) : SearchPath.Find("grafana") is { } program ? new GrafanaTool(program, HomeOf(program), IsDocker: false) : null,
    };

    /// <summary>The arguments that start it with a configuration.</summary>
    /// <param name="configuration">The file.</param>
    /// <param name="folder">The folder that it and its data are in.</param>
    /// <param name="variables">What it finds in its environment; a container gets it from here.</param>
    public IReadOnlyList<string> Arguments(string configuration, string folder, IReadOnlyDictionary<string, string> variables) => IsDocker
        ?
        [
            // The loopback of the host: Prometheus is there, and nobody else is to see Grafana. What it writes belongs to who started it.
            "run", "--rm", "--name", ContainerOf(folder), "--network", "host", "--user", $"{Libc.EffectiveUser()}",
            "--volume", $"{folder}:{folder}", .. variables.SelectMany(variable => new[] { "--env", $"{variable.Key}={variable.Value}" }),
            "--entrypoint", "grafana", Image, "server", "--homepath", "/usr/share/grafana", "--config", configuration,
        ]
        : ["server", .. Home is null ? [] : (string[])["--homepath", Home], "--config", configuration];

    /// <summary>The name of a container: the same for the same data folder, so that one that outlived its system is found.</summary>
    public static string ContainerOf(string folder) => $"tally-grafana-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..12]}";

    private static GrafanaTool FromHome(string home)
    {
        var program = Path.Combine(home, "bin", OperatingSystem.IsWindows() ? "grafana.exe" : "grafana");
        return File.Exists(program)
            ? new GrafanaTool(program, IsHome(home) ? home : null, IsDocker: false)
            : throw new SystemProblemException("grafana", $"GRAFANA_HOME is '{home}', but there is no {program}. Set it to the folder of a Grafana, or unset it.");
    }

    /// <summary>Archives have it above the program, packages in share.</summary>
    private static string? HomeOf(string program)
    {
        var real = new FileInfo(program).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? program;
        var above = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(real)!, ".."));
        string[] places = [above, Path.Combine(above, "share", "grafana"), "/usr/share/grafana"];
        return places.FirstOrDefault(IsHome);
    }

    private static bool IsHome(string folder) => File.Exists(Path.Combine(folder, "conf", "defaults.ini"));
}

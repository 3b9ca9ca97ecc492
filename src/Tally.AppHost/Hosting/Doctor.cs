using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Hosting;

/// <summary>Looks for everything that Tally needs or can use on this machine.</summary>
public static class Doctor
{
    /// <summary>Looks, without getting or changing anything.</summary>
    /// <param name="settings">What the system is to be made of: what runs elsewhere isn't needed here.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    public static async Task<DoctorReport> ExamineAsync(SystemSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var cache = new ToolCache(ToolCache.UsualFolder, new SilentReporter());
        var tools = new DoctorTools(settings, cache, cancellationToken);
        var findings = await Task.WhenAll(
            tools.DotnetAsync(),
            tools.NodeAsync("node", "npm runs on it"),
            tools.NodeAsync("npm", "fetches PostgreSQL, librdkafka's sources and the last resort for Kafka"),
            tools.JavaAsync(),
            tools.CompilerAsync("gcc", "builds librdkafka, once"),
            tools.CompilerAsync("make", "builds librdkafka, once"),
            tools.HeaderAsync("zlib headers", "zlib.h", "Kafka topics compressed with gzip", "Debian: apt-get install zlib1g-dev."),
            tools.HeaderAsync("OpenSSL headers", "openssl/ssl.h", "TLS to Kafka", "Debian: apt-get install libssl-dev."));
        var size = await Task.Run(cache.Size, cancellationToken);
        return new DoctorReport(
            [.. findings, tools.Postgres(), tools.Kafka(), tools.Librdkafka(), await tools.PrometheusAsync(), await tools.GrafanaAsync(), await tools.K6Async()], cache.Folder, size);
    }

    private sealed class SilentReporter : IStartReporter
    {
        public void Progress(string component, string text)
        {
        }

        public void Ready(string component, ComponentState state)
        {
        }

        public void Notice(string text)
        {
        }

        public void Trouble(string component, string text, IReadOnlyList<string> logLines)
        {
        }
    }
}

/// <summary>What was found.</summary>
/// <param name="Tools">One entry a tool, in the order they're needed.</param>
/// <param name="CacheFolder">Where downloaded and built tools are kept.</param>
/// <param name="CacheBytes">How big that folder is.</param>
public sealed record DoctorReport(IReadOnlyList<ToolFinding> Tools, string CacheFolder, long CacheBytes)
{
    /// <summary>Whether a system can be started.</summary>
    public bool Ok => Tools.All(tool => tool.Found || !tool.Required);
}

/// <summary>One tool.</summary>
/// <param name="Name">What it's called.</param>
/// <param name="Found">Whether it's here, or can be got by Tally itself.</param>
/// <param name="Required">Whether nothing works without it.</param>
/// <param name="Version">Its version, where known.</param>
/// <param name="Where">Its path, or where it will come from.</param>
/// <param name="NeededFor">What it's for.</param>
/// <param name="HowToGet">What to do when it's missing.</param>
public sealed record ToolFinding(
    string Name, bool Found, bool Required, string? Version, string? Where, string NeededFor, string HowToGet);

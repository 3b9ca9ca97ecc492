using System.Runtime.InteropServices;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>The native library under Confluent.Kafka.</summary>
/// <param name="Path">Its file; empty when the build brought one along and nothing has to be said.</param>
/// <param name="Version">Its version.</param>
/// <param name="Source">Where it comes from.</param>
internal sealed record LibrdkafkaTool(string Path, string Version, string Source)
{
    private const string Component = "librdkafka";
    private const string LibraryVersion = "2.15.1";
    private const string SourceFolder = "deps/librdkafka/";

    private static readonly NpmPackage Package = new(
        "@confluentinc/kafka-javascript",
        "1.10.1",
        "sha512-KVePUBn21EqCVP9mfxzEuM3SYJHHEF7X+iiC2e43QQgDSyEaksInmCGooT3w5q+cNAdkSCrK71j0ICfqoSqZLw==");

    /// <summary>What to do when it can't be built.</summary>
    public const string HowToGet =
        "Install a C compiler and make (Debian: apt-get install gcc make libc6-dev zlib1g-dev libssl-dev), or build Tally with "
        + "-p:UseLibrdkafkaRedist=true where the whole of NuGet can be reached.";

    /// <summary>Where it comes from when it isn't in the cache.</summary>
    public static string Origin => $"built from npm {Package.Specification}";

    private static string PlainEntry => $"librdkafka-{LibraryVersion}-{RuntimeInformation.RuntimeIdentifier}";

    private static string TlsEntry => PlainEntry + "-tls";

    /// <summary>The library that the build brought along (<c>UseLibrdkafkaRedist</c>), or null.</summary>
    public static LibrdkafkaTool? FindRedist()
    {
        var native = System.IO.Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        return Directory.Exists(native) && Directory.EnumerateFiles(native, "librdkafka*").Any()
            ? new LibrdkafkaTool("", LibraryVersion, "librdkafka.redist")
            : null;
    }

    /// <summary>The library that was built before, or null.</summary>
    /// <param name="cache">The cache.</param>
    public static LibrdkafkaTool? FindBuilt(ToolCache cache) =>
        cache.Has(TlsEntry) ? InCache(cache, TlsEntry) : cache.Has(PlainEntry) ? InCache(cache, PlainEntry) : null;

    /// <summary>Takes the library from the build or the cache, or builds it.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="needsOpenSsl">Whether Kafka is reached in a way for which librdkafka needs OpenSSL.</param>
    /// <param name="reporter">Told of the building.</param>
    /// <param name="cancellationToken">Stops building.</param>
    public static async Task<LibrdkafkaTool> GetAsync(
        ToolCache cache, bool needsOpenSsl, IStartReporter reporter, CancellationToken cancellationToken)
    {
        if (FindRedist() is { } redist)
        {
            return redist;
        }

        if (OperatingSystem.IsWindows())
        {
            throw new SystemProblemException(Component, "On Windows librdkafka isn't built. Build Tally with -p:UseLibrdkafkaRedist=true.");
        }

        var hasTls = cache.Has(TlsEntry) || await CanCompileTlsAsync(cancellationToken);
        if (needsOpenSsl && !hasTls)
        {
            throw new SystemProblemException(
                Component, $"The Kafka settings ask for TLS, SCRAM or OAUTHBEARER, which need OpenSSL, but its headers are missing. {HowToGet}");
        }

        var entry = hasTls ? TlsEntry : PlainEntry;
        await cache.GetAsync(entry, Component, (staging, token) => BuildAsync(staging, hasTls, reporter, token), cancellationToken);
        return InCache(cache, entry);
    }

    private static LibrdkafkaTool InCache(ToolCache cache, string entry) =>
        new(System.IO.Path.Combine(cache.PathOf(entry), FileName), LibraryVersion, Origin);

    private static string FileName => OperatingSystem.IsMacOS() ? "librdkafka.1.dylib" : "librdkafka.so.1";

    private static async Task<bool> CanCompileTlsAsync(CancellationToken cancellationToken)
    {
        if (SearchPath.Find("gcc") is null)
        {
            return false;
        }

        var run = await ToolRun.RunAsync("gcc", ["-E", "-include", "openssl/ssl.h", "-x", "c", "/dev/null", "-o", "/dev/null"], cancellationToken);
        return run.ExitCode == 0;
    }

    private static async Task BuildAsync(string staging, bool tls, IStartReporter reporter, CancellationToken cancellationToken)
    {
        foreach (var tool in (string[])["bash", "gcc", "make"])
        {
            if (SearchPath.Find(tool) is null)
            {
                throw new SystemProblemException(Component, $"librdkafka is built once, but there is no {tool} here. {HowToGet}");
            }
        }

        reporter.Progress(Component, $"fetches its sources with {Package.Specification}");
        await Package.UnpackAsync(staging, Component, name => name.StartsWith(SourceFolder, StringComparison.Ordinal), cancellationToken);
        var sources = System.IO.Path.Combine(staging, SourceFolder);

        // A C++ compiler is asked for by the script though only its C++ binding, which isn't built, needs one.
        reporter.Progress(Component, tls ? "is built, once, with TLS" : "is built, once, without TLS: OpenSSL's headers aren't here");
        string[] options =
        [
            "./configure", "--cxx=gcc", "--disable-gssapi", "--disable-curl", "--disable-debug-symbols", .. tls ? [] : (string[])["--disable-ssl"],
        ];
        (await ToolRun.RunAsync("bash", options, cancellationToken, sources))
            .OrThrow(Component, $"librdkafka couldn't be configured. {HowToGet}");

        var total = Directory.EnumerateFiles(System.IO.Path.Combine(sources, "src"), "*.c", SearchOption.AllDirectories).Count();
        var compiled = 0;
        (await ToolRun.RunAsync("make", ["-C", "src", $"-j{Environment.ProcessorCount}", FileName], cancellationToken, sources, OnLine))
            .OrThrow(Component, $"librdkafka couldn't be compiled. {HowToGet}");

        File.Copy(System.IO.Path.Combine(sources, "src", FileName), System.IO.Path.Combine(staging, FileName));
        File.Copy(System.IO.Path.Combine(sources, "LICENSES.txt"), System.IO.Path.Combine(staging, "LICENSES.txt"));
        Directory.Delete(System.IO.Path.Combine(staging, "deps"), recursive: true);

        void OnLine(string line)
        {
            if (line.Contains(" -c ", StringComparison.Ordinal) && ++compiled % 20 == 0)
            {
                reporter.Progress(Component, $"is built, once: {Math.Min(99, compiled * 100 / total)}%");
            }
        }
    }
}

using System.Runtime.InteropServices;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Components;

/// <summary>One of Tally's own services, run from where it was built.</summary>
internal sealed class ServiceComponent : Component, IDisposable
{
    private readonly ComponentContext _context;
    private readonly string _program;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private readonly HttpClient _http;
    private string _whyNotReady = "";

    /// <summary>Plans a service.</summary>
    /// <param name="context">What components share.</param>
    /// <param name="name">Its name and number: <c>calculator-1</c>.</param>
    /// <param name="program">Its project: <c>Tally.Calculator</c>.</param>
    /// <param name="grpcPort">Its port for gRPC.</param>
    /// <param name="httpPort">Its port for HTTP/1.1.</param>
    /// <param name="settings">Its settings, by their names in appsettings.json.</param>
    public ServiceComponent(
        ComponentContext context, string name, string program, int grpcPort, int httpPort, IReadOnlyDictionary<string, string> settings)
        : base(name)
    {
        _context = context;
        _program = ServicePrograms.Find(program);
        _settings = settings;
        var grpc = $"127.0.0.1:{context.Port(grpcPort, $"gRPC of {name}")}";
        var http = $"127.0.0.1:{context.Port(httpPort, $"HTTP of {name}")}";
        Description = new ComponentState
        {
            Version = ServicePrograms.VersionOf(_program),
            Source = _program,
            Endpoints = { ["grpc"] = "http://" + grpc, ["http"] = "http://" + http },
        };
        _settings = new Dictionary<string, string>(settings, StringComparer.Ordinal) { ["Listen:Grpc"] = grpc, ["Listen:Http"] = http };
        _http = new HttpClient { BaseAddress = new Uri("http://" + http), Timeout = TimeSpan.FromSeconds(5) };
    }

    public override string LogFile => _context.Folder.Log(Name);

    public override string WhyNotReady => _whyNotReady;

    public override Task<LaunchPlan> PlanAsync(CancellationToken cancellationToken)
    {
        // In the environment, not on the command line: that one everybody on the machine can read, and there are passwords.
        var environment = _settings.ToDictionary(
            setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => (string?)setting.Value, StringComparer.Ordinal);

        // The runtime that runs this program runs the services, too, wherever it is installed.
        environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Task.FromResult(new LaunchPlan(_program, [], LogFile) { Environment = environment, WorkingFolder = Path.GetDirectoryName(_program) });
    }

    public override async Task WaitUntilReadyAsync(ComponentStart start, CancellationToken cancellationToken)
    {
        while (!await IsReadyAsync(cancellationToken))
        {
            await Task.Delay(25, cancellationToken);
        }
    }

    // Exit code 2: a setting is wrong, and will be as wrong the next time.
    public override bool MayTryAgain(ExitStatus status) => status is not { Code: 2, Signal: 0 };

    // What a service has to say of its settings stands between its log, which is JSON, on lines of its own.
    public override string WhyNotAgain(ExitStatus status, IReadOnlyList<string> lines) =>
        $"{Name} refuses its settings. {string.Join(' ', lines.Where(line => line[0] != '{'))}".TrimEnd();

    public void Dispose() => _http.Dispose();

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync("/readyz", cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return true;
            }

            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            _whyNotReady = ReadyzAnswer.ReasonOf(text);
        }
        catch (HttpRequestException notYet)
        {
            _whyNotReady = notYet.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _whyNotReady = "/readyz takes longer than five seconds.";
        }

        return false;
    }
}

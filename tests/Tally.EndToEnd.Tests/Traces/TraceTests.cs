using System.Security.Cryptography;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Traces;

/// <summary>One trace leads from a call into the total, as somebody sees it who receives the spans of both services over the wire.</summary>
public sealed class TraceTests : IAsyncLifetime
{
    private const int Server = 2, Client = 3, Producer = 4, Consumer = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private Collector? _collector;
    private RunningSystem? _system;

    private Collector Traces => _collector!;

    private RunningSystem System => _system!;

    public async Task InitializeAsync()
    {
        if (ModernKafka.WhyNot is null)
        {
            _collector = await Collector.StartAsync();
            _system = new RunningSystem { Environment = _collector.Environment };
            await _system.UpAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (_system is not null)
        {
            await ((IAsyncLifetime)_system).DisposeAsync();
            await Traces.DisposeAsync();
        }
    }

    [KafkaFact]
    public async Task One_trace_goes_all_the_way_and_survives_a_death_between_commit_and_publishing()
    {
        var (trace, caller) = NewTrace();
        await AddAsync(trace, caller, sampled: true);
        var (untraced, other) = NewTrace();
        await AddAsync(untraced, other, sampled: false);

        var call = await SpanAsync(trace, "tally.v1.Calculator/Add");
        Assert.Equal(("calculator", "Tally.Grpc.Server", Server, caller), (call.Service, call.Scope, call.Span.Kind, call.Parent));
        Assert.Equal("OK", call["rpc.response.status_code"]!.StringValue);
        var commit = await SpanAsync(trace, "INSERT outbox_batches");
        Assert.Equal(("calculator", "Tally.Outbox", Client, call.Id), (commit.Service, commit.Scope, commit.Span.Kind, commit.Parent));
        Assert.Equal([call.Id], commit.Links);
        Assert.Equal("stored", commit["tally.outbox.commit.outcome"]!.StringValue);
        var send = await SpanAsync(trace, "send sums");
        Assert.Equal(("calculator", "Tally.Outbox", Producer, call.Id), (send.Service, send.Scope, send.Span.Kind, send.Parent));
        var process = await SpanAsync(trace, "process sums");
        Assert.Equal(("totals", "Tally.Inbox", Consumer, call.Id), (process.Service, process.Scope, process.Span.Kind, process.Parent));
        Assert.Equal(send["tally.sequence"]!.IntValue, process["tally.sequence"]!.IntValue);
        var fold = await SpanAsync(trace, "INSERT folds");
        Assert.Equal([call.Id], fold.Links);
        Assert.Equal([fold.Id], process.Links);
        Assert.Equal("vendor=1", process.Span.TraceState);
        Assert.All(Traces.Of(trace), span => Assert.NotEqual(2, span.Span.Status?.Code ?? 0));
        Assert.True(call.Span.StartTimeUnixNano <= commit.Span.StartTimeUnixNano && commit.Span.EndTimeUnixNano <= process.Span.EndTimeUnixNano);

        // A trace is found from a metric, too.
        Assert.Matches($"rpc_server_call_duration_seconds_bucket{{.*Add.*}} [0-9]+ # {{trace_id=\"{trace}\",span_id=\"{call.Id}\"}}", await MetricsAsync("calculator-1"));
        Assert.Matches($"tally_outbox_commit_duration_seconds_bucket{{.*}} [0-9]+ # {{trace_id=\"{trace}\",span_id=\"{commit.Id}\"}}", await MetricsAsync("calculator-1"));
        Assert.Matches($"tally_inbox_event_delay_seconds_bucket{{.*}} [0-9]+ # {{trace_id=\"{trace}\",span_id=\"{fold.Id}\"}}", await MetricsAsync("totals-1"));

        var (interrupted, before) = NewTrace();
        var kafka = await System.PidOfAsync("kafka");
        var calculator = await System.PidOfAsync("calculator-1");
        await Signals.FreezeAsync(kafka);
        try
        {
            await AddAsync(interrupted, before, sampled: true);
            await SpanAsync(interrupted, "INSERT outbox_batches");
            await Signals.KillAsync(calculator);
        }
        finally
        {
            await Signals.ThawAsync(kafka);
        }

        // The one that stored it is gone: what publishes it has the trace from the table alone.
        var late = await SpanAsync(interrupted, "process sums");
        Assert.Equal("folded", late["tally.inbox.outcome"]!.StringValue);
        Assert.Equal(late["tally.sequence"]!.IntValue, (await SpanAsync(interrupted, "send sums"))["tally.sequence"]!.IntValue);
        Assert.NotEqual(calculator, await System.PidOfAsync("calculator-1"));

        // Who began the trace decides whether it's kept.
        Assert.Empty(Traces.Of(untraced));

        // What is published again is so in the same trace.
        using var channel = GrpcChannel.ForAddress(await System.EndpointAsync("calculator-1", "grpc"));
        var again = new Position { Shard = (int)send["tally.shard"]!.IntValue, Sequence = send["tally.sequence"]!.IntValue };
        await new Relay.RelayClient(channel).RewindAsync(again, deadline: DateTime.UtcNow + Patience);
        await Eventually.TrueAsync(
            () => Traces.Of(trace).Count(span => span.Span.Name == "send sums") == 2
                && Traces.Of(trace).Any(span => span["tally.inbox.outcome"]?.StringValue == "duplicate"),
            Patience);
    }

    private async Task AddAsync(string trace, string caller, bool sampled)
    {
        using var channel = GrpcChannel.ForAddress(await System.EndpointAsync("calculator-1", "grpc"));
        // The second bit says that the trace's number is random, and nothing about keeping it.
        var headers = new Metadata { { "traceparent", $"00-{trace}-{caller}-{(sampled ? "03" : "02")}" }, { "tracestate", "vendor=1" } };
        await new Contracts.V1.Calculator.CalculatorClient(channel).AddAsync(new AddRequest { A = "1", B = "2" }, headers, DateTime.UtcNow + Patience);
    }

    private async Task<string> MetricsAsync(string component)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Accept.ParseAdd("application/openmetrics-text");
        return await http.GetStringAsync(new Uri(new Uri(await System.EndpointAsync(component, "http")), "/metrics"));
    }

    private async Task<Received> SpanAsync(string trace, string name)
    {
        Received? found = null;
        await Eventually.TrueAsync(() => (found = Traces.Of(trace).FirstOrDefault(span => span.Span.Name == name)) is not null, Patience, $"{name} in {trace}");
        return found!;
    }

    private static (string Trace, string Caller) NewTrace() => (RandomNumberGenerator.GetHexString(32, lowercase: true), RandomNumberGenerator.GetHexString(16, lowercase: true));
}

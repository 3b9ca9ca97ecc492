using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests;

[Collection(nameof(SharedSystem))]
public sealed partial class RoundTripTests(RunningSystem system)
{
    [KafkaFact]
    public async Task A_sum_that_was_waited_for_is_in_the_total()
    {
        var before = await TotalAsync();

        var added = (await system.RunAsync("add", "40", "2.5", "--wait", "--json")).With(0).Json;

        Assert.True(added.GetProperty("ok").GetBoolean());
        Assert.Equal("42.5", added.GetProperty("result").GetString());
        Assert.True(added.GetProperty("epoch").GetInt64() > 0);
        Assert.True(added.GetProperty("sequence").GetInt64() > 0);
        Assert.Equal(before.Sum + 42.5m, Decimal(added.GetProperty("total")));
        Assert.Equal(before.Count + 1, added.GetProperty("count").GetInt64());
        Assert.Equal((before.Sum + 42.5m, before.Count + 1), await TotalAsync());
    }

    [KafkaTheory]
    [InlineData("calculator-1", "tally.v1.Calculator", "tally.v1.Relay")]
    [InlineData("totals-1", "tally.v1.Totals")]
    public async Task Each_service_tells_what_it_offers_and_how_it_is(string component, params string[] services)
    {
        var status = (await system.RunAsync("status", "--json")).With(0).Json;
        var address = status.GetProperty("components").GetProperty(component).GetProperty("endpoints").GetProperty("grpc").GetString()!;
        using var channel = GrpcChannel.ForAddress(address);

        var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);

        using var asking = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        await asking.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        await asking.RequestStream.CompleteAsync();
        Assert.True(await asking.ResponseStream.MoveNext(CancellationToken.None));
        var offered = asking.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).ToList();
        Assert.All(services.Append("grpc.health.v1.Health"), service => Assert.Contains(service, offered));
    }

    [KafkaTheory]
    [InlineData("-1", "-3", "2")]
    [InlineData("-1", "2", "-3")]
    [InlineData("-5.5", "--", "-3", "-2.5")]
    public async Task Numbers_below_zero_are_no_options(string expected, params string[] numbers)
    {
        var added = (await system.RunAsync(["add", "--json", .. numbers])).With(0).Json;

        Assert.Equal(expected, added.GetProperty("result").GetString());
    }

    [KafkaFact]
    public async Task What_can_not_be_added_is_refused_by_name_and_not_stored()
    {
        (string A, string B, string Field)[] wrong =
        [
            ("abc", "1", "a"), ("", "1", "a"), ("1", "1e5", "b"), ("١", "1", "a"), ("1", "1234567890123456789012345678901234567890", "b"),
            ("0x10", "1", "a"), ("NaN", "1", "a"), (" 1", "1", "a"), ("1", "--5", "b"), ("-", "1", "a"), ("1", "1.", "b"),
        ];
        var before = await TotalAsync();

        foreach (var (a, b, field) in wrong)
        {
            var refused = (await system.RunAsync("add", "--json", a, b)).With(1);
            Assert.Equal("INVALID_ARGUMENT", refused.ErrorCode);
            Assert.Contains($"\"{field} is ", refused.Out, StringComparison.Ordinal);
            Assert.Contains(Amount.Allowed, refused.Out, StringComparison.Ordinal);
        }

        Assert.Equal("OUT_OF_RANGE", (await system.RunAsync("add", "--json", "999999999999999999", "1")).With(1).ErrorCode);

        // Nothing was stored, and so nothing is on its way.
        var proof = (await system.RunAsync("verify", "--json")).With(0).Json;
        Assert.Equal(before.Count, proof.GetProperty("stored").GetProperty("count").GetInt64());
        Assert.Equal(before, await TotalAsync());
    }

    [KafkaFact]
    public async Task The_same_key_gives_the_same_answer_and_stores_once()
    {
        var before = await TotalAsync();
        var first = (await system.RunAsync("add", "--json", "--wait", "--key", "k", "1", "1.5")).With(0).Json;

        var again = (await system.RunAsync("add", "--json", "--wait", "--key", "k", "1", "1.50")).With(0).Json;
        Assert.Equal("INVALID_ARGUMENT", (await system.RunAsync("add", "--json", "--key", "k", "2", "0.5")).With(1).ErrorCode);

        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.Equal((before.Sum + 2.5m, before.Count + 1), await TotalAsync());
    }

    [KafkaFact]
    public async Task Everything_ever_stored_is_proved()
    {
        (await system.RunAsync("add", "1", "0.000000001")).With(0);

        var proof = (await system.RunAsync("verify", "--json")).With(0).Json;

        Assert.True(proof.GetProperty("ok").GetBoolean());
        Assert.Equal(proof.GetProperty("stored").GetRawText(), proof.GetProperty("published").GetRawText());
        Assert.Equal(proof.GetProperty("stored").GetRawText(), proof.GetProperty("applied").GetRawText());
        Assert.Equal(proof.GetProperty("stored").GetRawText(), proof.GetProperty("history").GetRawText());
        Assert.Equal(0, proof.GetProperty("gaps").GetInt64());
        Assert.False(proof.TryGetProperty("accepted", out _));
    }

    [KafkaFact]
    public async Task Status_says_what_runs_where()
    {
        var status = (await system.RunAsync("status", "--json")).With(0).Json;

        Assert.True(status.GetProperty("ok").GetBoolean());
        var components = status.GetProperty("components");
        foreach (var name in new[] { "calculator-1", "totals-1", "postgres", "kafka" })
        {
            var component = components.GetProperty(name);
            Assert.Equal("ready", component.GetProperty("state").GetString());
            Assert.True(Signals.IsAlive(component.GetProperty("pid").GetInt32()));
            Assert.NotEmpty(component.GetProperty("version").GetString()!);
            Assert.NotEmpty(component.GetProperty("source").GetString()!);
        }

        var truth = status.GetProperty("truth");
        Assert.Equal(await TotalAsync(), (Decimal(truth.GetProperty("total")), truth.GetProperty("count").GetInt64()));

        // Soon after the start nothing was compared with the outbox yet.
        await Eventually.TrueAsync(
            async () => (await system.RunAsync("status", "--json")).With(0).Json.GetProperty("truth").GetProperty("well").GetBoolean(), TimeSpan.FromMinutes(1));
        Assert.Equal(0, truth.GetProperty("difference").GetInt64());
        Assert.Contains("counted, difference 0", (await system.RunAsync("status")).With(0).Out, StringComparison.Ordinal);
        Assert.True(components.TryGetProperty("librdkafka", out _));
        Assert.True(components.TryGetProperty("prometheus", out _));
    }

    [KafkaFact]
    public async Task A_second_system_in_the_same_folder_is_refused()
    {
        var second = (await system.RunAsync("up")).With(3);

        Assert.Contains("runs", second.Error, StringComparison.Ordinal);
        (await system.RunAsync("add", "1", "1")).With(0);
    }

    [KafkaFact]
    public async Task Watching_says_in_lines_what_is_counted_until_Ctrl_C()
    {
        await using var watch = TallyProgram.Start("watch", "--data", system.Folder);
        await watch.WaitForLineAsync("accepted, [0-9,]+ counted, difference 0; .*Nothing is lost");

        var added = (await system.RunAsync("add", "1", "0.0001", "--wait", "--json")).With(0).Json;
        await watch.WaitForLineAsync($"^total {Regex.Escape(added.GetProperty("total").GetString()!)};");

        await Signals.InterruptAsync(watch.Pid);
        Assert.Equal(0, await watch.WaitForExitAsync());
        Assert.Empty(watch.Error);
    }

    [KafkaFact]
    public async Task Logs_of_each_component_can_be_read()
    {
        Assert.NotEmpty((await system.RunAsync("logs", "calculator-1")).With(0).Out);

        var unknown = (await system.RunAsync("logs", "nobody")).With(2);

        Assert.Contains("NAME is 'nobody', but it must be one of", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("totals-1", unknown.Error, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Watching_prints_each_change_until_it_is_interrupted()
    {
        await using var watching = TallyProgram.Start("total", "--watch", "--data", system.Folder);
        (await system.RunAsync("add", "7", "0", "--wait")).With(0);
        var total = (await system.RunAsync("total")).With(0).Out;
        await Eventually.TrueAsync(() => watching.Out.Contains(total, StringComparison.Ordinal), TimeSpan.FromSeconds(20));

        await Signals.InterruptAsync(watching.Pid);

        Assert.Equal(0, await watching.WaitForExitAsync());
    }

    [KafkaFact]
    [UnsupportedOSPlatform("windows")]
    public void Only_the_owner_can_read_the_passwords() => Assert.Equal(
        UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(system.Folder, "connections.json")));

    [KafkaFact]
    public async Task No_password_is_in_a_log_or_an_answer()
    {
        var passwords = Password().Matches(await File.ReadAllTextAsync(Path.Combine(system.Folder, "connections.json"))).Select(static match => match.Groups["password"].Value).Distinct().ToList();
        Assert.NotEmpty(passwords);
        List<string> texts = [(await system.RunAsync("status", "--json")).Out];
        using var http = new HttpClient();
        foreach (var address in new[] { await system.EndpointAsync("calculator-1", "http"), await system.EndpointAsync("totals-1", "http") })
        {
            texts.Add(await http.GetStringAsync(new Uri(new Uri(address), "/metrics")));
            texts.Add(await http.GetStringAsync(new Uri(new Uri(address), "/readyz")));
        }

        foreach (var log in Directory.GetFiles(Path.Combine(system.Folder, "logs")))
        {
            texts.Add(await File.ReadAllTextAsync(log));
        }

        Assert.All(texts, text => Assert.DoesNotContain(passwords, password => text.Contains(password, StringComparison.Ordinal)));
    }

    [KafkaFact]
    public async Task What_was_stored_is_still_there_after_down_and_up()
    {
        (await system.RunAsync("add", "3", "4", "--wait")).With(0);
        var before = await TotalAsync();
        var pids = (await system.ComponentsAsync()).EnumerateObject()
            .Select(component => component.Value.GetProperty("pid")).Where(pid => pid.ValueKind == JsonValueKind.Number).Select(pid => pid.GetInt32()).ToArray();

        (await system.RunAsync("down")).With(0);

        Assert.DoesNotContain(pids, Signals.IsAlive);
        Assert.Contains("run ./tally up", (await system.RunAsync("add", "1", "1")).With(3).Error, StringComparison.Ordinal);

        await system.UpAsync();

        Assert.Equal(before, await TotalAsync());
        (await system.RunAsync("verify")).With(0);
    }

    private async Task<(decimal Sum, long Count)> TotalAsync()
    {
        var total = (await system.RunAsync("total", "--json")).With(0).Json;
        return (Decimal(total.GetProperty("total")), total.GetProperty("count").GetInt64());
    }

    [GeneratedRegex("\"password\": \"(?<password>[^\"]+)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Password();

    private static decimal Decimal(JsonElement text) => decimal.Parse(text.GetString()!, CultureInfo.InvariantCulture);
}

using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tally.Telemetry.Hosting;

namespace Tally.Telemetry.Tests.Hosting;

public sealed class ExitCodeTests : IDisposable
{
    private static readonly string[] FreePorts = ["--Listen:Grpc=127.0.0.1:0", "--Listen:Http=127.0.0.1:0"];

    private readonly StringWriter _errors = new();

    public void Dispose() => _errors.Dispose();

    [Fact]
    public async Task A_clean_stop_is_0()
    {
        Assert.Equal(0, await RunAsync(FreePorts, app => app.Lifetime.ApplicationStarted.Register(app.Lifetime.StopApplication)));
        Assert.Equal("", _errors.ToString());
    }

    [Fact]
    public async Task Wrong_settings_are_2_and_each_has_a_line()
    {
        Assert.Equal(2, await RunAsync(["--Work:Size=0", "--Listen:Http=nowhere", "--Wrok:Size=1", "--Work:Siez", "3"]));
        Assert.Equal(
            [
                "Listen:Http is 'nowhere'; allowed: host:port, the host being an IP address (IPv6 in brackets), localhost or *, the port 0 to 65535.",
                "Work:Siez is not a setting; did you mean Work:Size?",
                "Wrok is not a setting; did you mean Work?",
            ],
            Lines().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_value_out_of_range_is_2()
    {
        Assert.Equal(2, await RunAsync(["--Work:Size=0"]));
        Assert.Equal(["Work:Size is '0'; allowed: 1 to 10."], Lines());
    }

    [Fact]
    public async Task Two_listeners_on_one_port_are_2()
    {
        Assert.Equal(2, await RunAsync(["--Listen:Grpc=127.0.0.1:8081", "--Listen:Http=127.0.0.1:8081"]));
        Assert.Equal(["Listen:Grpc and Listen:Http are both '127.0.0.1:8081'; each needs a port of its own."], Lines());
    }

    [Fact]
    public async Task A_library_that_binds_its_options_itself_gets_the_same_check()
    {
        var code = await RunAsync([.. FreePorts, "--Library:Size=many"], configure: builder =>
        {
            builder.Services.AddStrictSection<WorkOptions>("Library");
            builder.Services.AddOptions<WorkOptions>("own").BindConfiguration("Library").ValidateOnStart();
            builder.Services.AddHostedService(services => new Failing(new InvalidOperationException("Never started.")));
        });

        Assert.Equal(2, code);
        Assert.Equal(["Library:Size is 'many'; allowed: a whole number, 1 to 10."], Lines());
    }

    [Fact]
    public async Task Arguments_that_are_not_settings_are_2()
    {
        Assert.Equal(2, await RunAsync(["serve", "-x", "--Work:Size"]));
        Assert.Equal(
            [
                "'serve' is not a setting; settings are given as --Section:Name=value.",
                "'-x' is not a setting; settings are given as --Section:Name=value.",
                "Work:Size has no value; settings are given as --Section:Name=value.",
            ],
            Lines());
    }

    [Theory]
    [InlineData("Grpc", "Http")]
    [InlineData("Http", "Grpc")]
    public async Task A_port_that_is_taken_is_3_and_the_setting_is_named(string taken, string free)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var address = holder.LocalEndpoint.ToString();

        Assert.Equal(3, await RunAsync([$"--Listen:{taken}={address}", $"--Listen:{free}=127.0.0.1:0"]));
        Assert.Equal(
            [$"Listen:{taken} is '{address}', but the port is taken by another process. Set Listen:{taken} to another address (port 0 takes a free one)."],
            Lines());
    }

    [Fact]
    public async Task What_started_before_the_listeners_is_stopped_when_they_fail()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var part = new Part();

        Assert.Equal(3, await RunAsync([$"--Listen:Grpc={holder.LocalEndpoint}", FreePorts[1]], configure: builder => builder.Services.AddHostedService(_ => part)));
        Assert.Equal((true, true), (part.Started, part.Stopped));
    }

    [Fact]
    public async Task Being_told_to_stop_while_starting_is_a_clean_stop()
    {
        var code = await RunAsync(FreePorts, configure: builder => builder.Services.AddHostedService<StopsWhileStarting>());

        Assert.Equal(0, code);
        Assert.Equal("", _errors.ToString());
    }

    [Fact]
    public async Task An_address_that_this_machine_does_not_have_is_3()
    {
        Assert.Equal(3, await RunAsync(["--Listen:Grpc=192.0.2.1:0", "--Listen:Http=127.0.0.1:0"]));
        Assert.StartsWith("Listen:Grpc is '192.0.2.1:0', but this machine has no such address.", Lines().Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_that_cannot_be_had_is_3_whether_it_is_missed_early_or_late()
    {
        Assert.Equal(3, await TallyService.RunAsync([], _ => throw new StartFailedException("There is no library."), _errors));
        Assert.Equal(3, await RunAsync(FreePorts, configure: builder => builder.Services.AddHostedService(_ => new Failing(new StartFailedException("There is no disk.")))));
        Assert.Equal(["There is no library.", "There is no disk."], Lines());
    }

    [Fact]
    public async Task A_fault_that_nobody_expected_is_1_and_logged()
    {
        var logs = new LogRecords();
        var code = await RunAsync(FreePorts, configure: builder =>
        {
            builder.Logging.AddProvider(logs);
            builder.Services.AddHostedService(_ => new Failing(new InvalidOperationException("Surprise.")));
        });

        Assert.Equal(1, code);
        Assert.Contains("InvalidOperationException: Surprise.", Lines().Single(), StringComparison.Ordinal);
        Assert.Contains(logs.All, record => record.Level == LogLevel.Critical);
    }

    [Fact]
    public async Task A_background_service_that_dies_ends_the_service_with_1()
    {
        var code = await RunAsync(FreePorts, configure: builder => builder.Services.AddHostedService<Dying>());

        Assert.Equal(1, code);
        Assert.Contains("A loop ended.", Lines().Single(), StringComparison.Ordinal);
    }

    private string[] Lines() => _errors.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    private Task<int> RunAsync(string[] args, Action<WebApplication>? started = null, Action<WebApplicationBuilder>? configure = null) => TallyService.RunAsync(
        args,
        given =>
        {
            var builder = TallyService.CreateBuilder(given);
            builder.AddTallyTelemetry("test", "test-1");
            builder.AddTallyListeners(grpc: "127.0.0.1:0", http: "127.0.0.1:0");
            builder.Services.AddStrictOptions<WorkOptions>("Work");
            builder.Logging.ClearProviders();
            configure?.Invoke(builder);
            var app = builder.Build();
            app.MapTallyTelemetry();
            started?.Invoke(app);
            return app;
        },
        _errors).Within();

    private sealed class WorkOptions
    {
        [Range(1, 10)]
        public int Size { get; set; } = 1;
    }

    private sealed class Failing(Exception fault) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw fault;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Part : IHostedService
    {
        public bool Started { get; private set; }

        public bool Stopped { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Started = true;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            Stopped = true;
            return Task.CompletedTask;
        }
    }

    private sealed class StopsWhileStarting(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Dying(IHostApplicationLifetime lifetime) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var _ = lifetime.ApplicationStarted.Register(started.SetResult);
            await started.Task;
            throw new InvalidOperationException("A loop ended.");
        }
    }
}

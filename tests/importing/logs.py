"""Short logs in the words of the programs, written for tests."""

# ruff: noqa: E501  # the programs write long lines

ASIAIR = """\
Log enabled at 2024/10/05 20:00:00
2024/10/05 20:00:00 [Autorun|Begin] M 33 Start
2024/10/05 20:00:05 [AutoCenter|End] The target is centered
2024/10/05 20:00:06 Start Tracking
2024/10/05 20:00:10 Shooting 4 light frames, exposure 60.0s Bin2
2024/10/05 20:00:10 [AutoFocus|Begin] Run AF before Autorun start, exposure 2.0s Bin1, temperature 50.0℉
2024/10/05 20:00:20 Calculate V-Curve: detect and calculate star size 6.0 ,  EAF position 5060
2024/10/05 20:00:30 Calculate V-Curve: detect and calculate star size 4.0 ,  EAF position 5030
2024/10/05 20:00:40 Calculate V-Curve: detect and calculate star size 5.9 ,  EAF position 5000
2024/10/05 20:00:50 Calculate Focus Point: detect and calculate star size 3.9 ,  EAF position 5031
2024/10/05 20:00:50 Auto focus succeeded, the focused position is 5031
2024/10/05 20:00:51 [AutoFocus|End] Auto focus succeeded
2024/10/05 20:01:00 Exposure 60.0s image 1#
2024/10/05 20:02:05 Exposure 60.0s image 2#
2024/10/05 20:02:30 Stop Autorun Manually
2024/10/05 20:02:31 [Autorun|End] Pause Autorun
Log disabled at 2024/10/05 20:02:31
Log enabled at 2024/10/05 20:10:00
2024/10/05 20:10:00 [Autorun|Begin] M 33 Start
2024/10/05 20:10:10 Shooting 3 light frames, exposure 60.0s Bin2
2024/10/05 20:10:11 [AutoFocus|Begin] Run AF 2.0 hours later, exposure 2.0s Bin1, temperature 9.5℃
2024/10/05 20:10:30 Find Focus Star: not found Focus Star, try to increase EXP time or Gain
2024/10/05 20:10:31 [AutoFocus|End] Auto focus failed
2024/10/05 20:10:40 Exposure 60.0s image 2#
2024/10/05 20:11:40 [Meridian Flip|Begin] Wait 2min0s to Meridian Flip
2024/10/05 20:13:40 Meridian Flip 1# Start
2024/10/05 20:14:40 [Meridian Flip|End] Meridian Flip succeeded
2024/10/05 20:15:00 Exposure 500.0ms image 3#
2024/10/05 20:15:05 A line that no survey knows
2024/10/05 20:15:10 [Autorun|End] Finish Autorun
Log disabled at 2024/10/05 20:15:10
"""

NINA = """\
----------------------------------------------------------------------
--------------------------Version 3.1.0.9001--------------------------
2025-02-01T22:00:00.1000|INFO|SequenceItem.cs|Run|208|Starting Category: Filter Wheel, Item: SwitchFilter, Filter: L
2025-02-01T22:00:00.2000|INFO|FilterWheelVM.cs|ChangeFilter|112|Moving to Filter L at Position 1
2025-02-01T22:00:03.0000|INFO|SequenceItem.cs|Run|254|Finishing Category: Filter Wheel, Item: SwitchFilter, Filter: L
2025-02-01T22:00:04.0000|INFO|SequenceTrigger.cs|Run|114|Starting Category: Focuser, Item: AutofocusAfterTimeTrigger, Amount: 30m
2025-02-01T22:00:05.0000|INFO|SequenceItem.cs|Run|208|Starting Category: Focuser, Item: RunAutofocus
2025-02-01T22:00:05.1000|INFO|FocuserMediator.cs|BroadcastAutoFocusRunStarting|92|Autofocus starting notification received
2025-02-01T22:00:06.0000|INFO|FocuserVM.cs|MoveFocuserInternal|216|Moving Focuser to position 7060
2025-02-01T22:00:12.0000|INFO|StarDetection.cs|Detect|234|Average HFR: 4,5, HFR \u03c3: 0,2, Detected Stars 80, Sensitivity Normal
2025-02-01T22:00:13.0000|INFO|FocuserVM.cs|MoveFocuserInternal|216|Moving Focuser to position 7030
2025-02-01T22:00:19.0000|INFO|StarDetection.cs|Detect|234|Average HFR: 2.25, HFR \u03c3: 0.1, Detected Stars 120, Sensitivity Normal
2025-02-01T22:00:20.0000|INFO|FocuserVM.cs|MoveFocuserInternal|216|Moving Focuser to position 7028
2025-02-01T22:00:30.0000|INFO|MoveFocuserByTemperature.cs|UpdateEndAutoFocusRun|150|Autofocus notification received - Temperature -3.25
2025-02-01T22:00:31.0000|INFO|SequenceItem.cs|Run|254|Finishing Category: Focuser, Item: RunAutofocus
2025-02-01T22:00:32.0000|INFO|SequenceItem.cs|Run|208|Starting Category: Camera, Item: TakeExposure, ExposureTime 120, Gain 100, Offset 10, ImageType LIGHT, Binning 1x1
2025-02-01T22:02:34.0000|INFO|SequenceItem.cs|Run|254|Finishing Category: Camera, Item: TakeExposure, ExposureTime 120, Gain 100, Offset 10, ImageType LIGHT, Binning 1x1
2025-02-01T22:02:37.0000|INFO|StarDetection.cs|Detect|234|Average HFR: 2.31, HFR \u03c3: 0.1, Detected Stars 512, Sensitivity Normal
2025-02-01T22:02:40.0000|INFO|SequenceTrigger.cs|Run|114|Starting Trigger: MeridianFlipTrigger
2025-02-01T22:04:40.0000|INFO|MeridianFlipVM.cs|DoMeridianFlip|310|Meridian Flip - Exiting meridian flip
2025-02-01T22:04:41.0000|INFO|SequenceItem.cs|Run|208|Starting Category: Focuser, Item: RunAutofocus
2025-02-01T22:05:00.0000|ERROR|AutoFocusEngine.cs|Validate|50|Auto Focus Failed! R\u00b2 is below threshold. 0.4 / 0.7
   at NINA.Some.Stack.Trace()
2025-02-01T22:05:01.0000|INFO|SequenceItem.cs|Run|254|Finishing Category: Focuser, Item: RunAutofocus
2025-02-01T22:05:02.0000|INFO|SequenceItem.cs|Run|208|Starting Category: Camera, Item: TakeExposure, ExposureTime 2, Gain 100, Offset 10, ImageType FLAT, Binning 2x2
"""

EKOS = """\
#KStars version 3.7.5. Analyze log version 1.0.

AnalyzeStartTime,2025-08-20 22:00:00.000,CEST
CaptureStarting,200.000,60.000,Red
AutofocusStarting,20.000,Red,15.5,4,limit 1.0
AutofocusComplete,95.500,15.4,4,limit 1.0,Red,30100|4.0|1.0|0|30000|2.0|1.0|0|29900|4.1|1.0|0|30001|1.9|1.0|0,1,Hyperbola,title
Temperature,10.000,15.500
Temperature,12.000,-1000000.000
MountState,5.000,Tracking
MountCoords,6.000,300.0,22.0,170.0,66.0,1,-10.0
GuideState,7.000,Guiding
CaptureComplete,262.000,60.000,Red,1.950,/home/me/M_31/Light/Red/M_31_001.fits,321,400,0.4
CaptureStarting,270.000,60.000,Red
CaptureAborted,300.000,60.000
AutofocusStarting,310.000,Red,15.0
AutofocusAborted,350.000,Red,30100|4.0|30000|-1.0
MeridianFlipState,400.000,MOUNT_FLIP_RUNNING
MeridianFlipState,450.000,MOUNT_FLIP_COMPLETED
CaptureComplete,520.000,5.000,Blue,-1.000,/home/me/M_31/Flat/Blue/M_31_002.fits,0,400,-1.000
"""
